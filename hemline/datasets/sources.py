"""Data named on the command line as KIND:PATH, and the reader each kind has."""

from collections.abc import Callable, Sequence
from pathlib import Path

from hemline.datasets.ccp import read_ccp
from hemline.datasets.pairs import read_cutouts, read_pairs
from hemline.datasets.sample import Dataset, Sample
from hemline.datasets.scenes import read_scenes
from hemline.errors import DatasetError


def _read_studio(count: str) -> Dataset:
    if not count.isdigit() or int(count) < 1:
        raise DatasetError(f"studio:{count} is no number of garments; write studio:200, say")
    return read_scenes(int(count))


def _folder(read: Callable[[Path], Dataset]) -> Callable[[str], Dataset]:
    def read_folder(path: str) -> Dataset:
        folder = Path(path).expanduser()
        if not folder.is_dir():
            raise DatasetError(f"'{path}' is not a folder; give the data set's root folder")
        return read(folder)

    return read_folder


READERS: dict[str, Callable[[str], Dataset]] = {
    "ccp": _folder(read_ccp),
    "cutouts": _folder(read_cutouts),
    "pairs": _folder(read_pairs),
    "studio": _read_studio,
}


def open_data(source: str) -> Dataset:
    """The data set that `KIND:PATH` names.

    Raises:
        DatasetError: the kind is unknown or its path is not what the kind needs.
    """
    kind, _, path = source.partition(":")
    if kind not in READERS or not path:
        raise DatasetError(
            f"data '{source}' is not KIND:PATH with a KIND of {', '.join(sorted(READERS))}"
        )
    return READERS[kind](path)


def join(datasets: Sequence[Dataset]) -> Dataset:
    """One data set from several that have the same labels.

    Raises:
        DatasetError: their labels differ.
    """
    labels = datasets[0].labels
    samples: list[Sample] = []
    for dataset in datasets:
        if dataset.labels != labels:
            raise DatasetError(
                f"labels {list(dataset.labels)} cannot be trained together with {list(labels)}; "
                "give data of one class list"
            )
        samples.extend(dataset.samples)
    return Dataset(tuple(samples), labels)
