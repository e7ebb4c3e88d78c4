"""One of several processes that play the scenes together: `python -m ... FOLDER NAME...`."""

import pickle
import sys
from pathlib import Path

from hemline.segmentation.ranks.follow import follow
from hemline.segmentation.ranks.joining import join_team
from hemline.segmentation.ranks.place import my_place
from tests.segmentation.ranks import scenes


def main(folder: Path, names: list[str]) -> None:
    """The first process writes what came of the scenes to `folder`/results."""
    place = my_place()
    assert place is not None
    team = join_team(place, "cpu", "ddp", folder / f"copies-{place.rank}")
    if not team.leads:
        follow(team)
        return
    with team:
        known = {**scenes.SAME, **scenes.REFUSED}
        results = {name: known[name](folder / name, team) for name in names}
    (folder / "results").write_bytes(pickle.dumps(results))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
