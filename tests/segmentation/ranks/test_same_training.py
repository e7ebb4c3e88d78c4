"""Two processes that share each batch come to what one process comes to, kind by kind."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.segmentation.ranks import scenes
from tests.segmentation.ranks.teams import TeamOfProcesses

pytestmark = pytest.mark.slow

STEPS = ("one_step", "normalised_step", "uneven_steps")
Results = dict[str, Any]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """What two processes make of each scene."""
    folder = tmp_path_factory.mktemp("shared")
    return TeamOfProcesses(folder, [*scenes.SAME, *scenes.REFUSED]).results()


def _close(ours: Any, theirs: Any) -> bool:
    """Whether figures are the same up to what rounding does to a threshold."""
    if isinstance(theirs, list | tuple):
        return len(ours) == len(theirs) and all(map(_close, ours, theirs))
    if isinstance(theirs, float):
        return bool(ours == pytest.approx(theirs, abs=5e-3))
    return bool(ours == theirs)


@pytest.mark.parametrize("name", STEPS)
def test_a_divided_batch_gives_the_weights_of_a_whole_one(
    name: str, shared: Results, tmp_path: Path
) -> None:
    ours, theirs = shared[name], scenes.SAME[name](tmp_path, None)
    assert ours.keys() == theirs.keys()
    for key, value in theirs.items():
        # BatchNorm magnifies rounding; statistics of half a batch would differ by far more.
        near = 1e-3 if name == "normalised_step" else 1e-5
        np.testing.assert_allclose(ours[key], value, rtol=near, atol=near, err_msg=key)


@pytest.mark.parametrize("name", sorted(scenes.SAME.keys() - set(STEPS)))
def test_each_kind_of_training_goes_as_in_one_process(
    name: str, shared: Results, tmp_path: Path
) -> None:
    assert _close(shared[name], scenes.SAME[name](tmp_path, None)), shared[name]


def test_what_several_processes_cannot_train_is_refused_with_a_way_out(
    shared: Results, tmp_path: Path
) -> None:
    assert "batches of 1 photos, which 2 processes cannot share" in shared["too_small_a_batch"]
    assert "ddp_find_unused_parameters_true" in shared["unused_parameters"]
    for name, scene in scenes.REFUSED.items():
        assert scene(tmp_path / name, None) == "it was not refused"


def test_another_host_is_sent_the_photos(tmp_path: Path) -> None:
    """Two hosts of one process each, which have no file in common but the meeting point."""
    names = ["one_step", "bag"]
    found = TeamOfProcesses(tmp_path / "hosts", names, nodes=2).results()
    for key, value in scenes.one_step(tmp_path / "one", None).items():
        np.testing.assert_allclose(found["one_step"][key], value, rtol=1e-5, atol=1e-5)
    assert _close(found["bag"], scenes.bag(tmp_path / "bag", None))
    assert not list(tmp_path.rglob("photos-of-node-1/*")), "copies are left behind"


def test_three_processes_share_batches_that_are_smaller_than_they_are_many(tmp_path: Path) -> None:
    """Of five photos in batches of four one is left, and is seen by each of the three."""
    found = TeamOfProcesses(tmp_path, ["remainder"], size=3).results()
    ((loss, _),) = found["remainder"]
    assert 0 < loss < 2
