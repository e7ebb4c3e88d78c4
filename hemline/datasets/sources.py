"""Data named on the command line as KIND:PATH, and the reader each kind has."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from hemline.datasets.classes.classes import ClassMap
from hemline.datasets.near_duplicates import group_near_duplicates
from hemline.datasets.readers.atr import read_atr
from hemline.datasets.readers.ccp import read_ccp
from hemline.datasets.readers.cfpd import read_cfpd
from hemline.datasets.readers.fashionpedia import read_fashionpedia
from hemline.datasets.readers.human_parsing import read_cihp, read_lip
from hemline.datasets.readers.imaterialist import read_imaterialist
from hemline.datasets.readers.labelstudio_export import read_labelstudio
from hemline.datasets.readers.modanet import read_modanet
from hemline.datasets.readers.pairs import read_cutouts, read_pairs
from hemline.datasets.readers.scenes import read_scenes
from hemline.datasets.sample import Dataset, Sample, Skipped
from hemline.errors import DatasetError
from hemline.masks.files.garment_is import GarmentIs


def open_all(
    sources: Sequence[str],
    classes: ClassMap | None = None,
    garment_is: GarmentIs | None = None,
) -> list[Dataset]:
    """The data sets that several `KIND:PATH` name; see `open_data`.

    Raises:
        DatasetError: as `open_data`, or `garment_is` is given and no source has mask files that it
            could be said of.
    """
    kinds = {source.partition(":")[0] for source in sources}
    if garment_is is not None and not kinds & _OF_PICTURES.keys():
        raise DatasetError(
            f"--garment-is {garment_is} is for masks in {' and '.join(sorted(_OF_PICTURES))}, and "
            f"the data is {', '.join(sources)}; leave it out"
        )
    return [open_data(source, classes, garment_is) for source in sources]


def open_data(
    source: str, classes: ClassMap | None = None, garment_is: GarmentIs | None = None
) -> Dataset:
    """The data set that `KIND:PATH` names, with the labels that `classes` ask for.

    Without `classes` there is one label, "garment", for all that is clothing; sources whose classes
    are the user's own (labelstudio, and pairs with a labels.txt) keep them. `garment_is` says what
    of the mask files of `pairs` and `cutouts` is garment; None finds it out.

    Raises:
        DatasetError: the kind is unknown, its path is not what the kind needs, or the data lacks a
            class that is asked for.
    """
    kind, _, path = source.partition(":")
    if kind not in READERS or not path:
        raise DatasetError(
            f"data '{source}' is not KIND:PATH, where KIND is one of {', '.join(sorted(READERS))}"
        )
    if kind in _OF_PICTURES and garment_is is not None:
        return _folder(partial(_OF_PICTURES[kind], garment_is=garment_is))(path, classes)
    return READERS[kind](path, classes)


def join(datasets: Sequence[Dataset]) -> Dataset:
    """One data set from several that have the same labels, ready to be split.

    Photos of one garment, within a source, and near-duplicates, within and across sources, have one
    garment name in it, so that no split by garment parts them.

    Raises:
        DatasetError: their labels differ.
    """
    labels = datasets[0].labels
    samples: list[Sample] = []
    skipped: list[Skipped] = []
    for dataset in datasets:
        if dataset.labels != labels:
            raise DatasetError(
                f"labels {list(dataset.labels)} cannot be trained together with {list(labels)}; "
                "give data with the same class list"
            )
        samples.extend(dataset.samples)
        skipped.extend(dataset.skipped)
    return Dataset(tuple(group_near_duplicates(samples)), labels, tuple(skipped))


Reader = Callable[[str, ClassMap | None], Dataset]


def _read_studio(count: str, classes: ClassMap | None) -> Dataset:
    if not count.isdigit() or int(count) < 1:
        raise DatasetError(
            f"studio:{count} is not a number of garments; write studio:200, for example"
        )
    return read_scenes(int(count), classes)


def _folder(read: Callable[[Path, ClassMap | None], Dataset], *, or_file: bool = False) -> Reader:
    def read_folder(path: str, classes: ClassMap | None) -> Dataset:
        folder = Path(path).expanduser()
        if not (folder.is_dir() or (or_file and folder.is_file())):
            raise DatasetError(f"'{path}' is not a folder; give the data set's root folder")
        return read(folder, classes)

    return read_folder


# The kinds whose masks are picture files of a person's own making.
_OF_PICTURES = {"cutouts": read_cutouts, "pairs": read_pairs}

READERS: dict[str, Reader] = {
    "atr": _folder(read_atr),
    "ccp": _folder(read_ccp),
    "cfpd": _folder(read_cfpd),
    "cihp": _folder(read_cihp),
    "cutouts": _folder(read_cutouts),
    "fashionpedia": _folder(read_fashionpedia, or_file=True),
    "imaterialist": _folder(read_imaterialist, or_file=True),
    "labelstudio": _folder(read_labelstudio, or_file=True),
    "lip": _folder(read_lip),
    "modanet": _folder(read_modanet, or_file=True),
    "pairs": _folder(read_pairs),
    "studio": _read_studio,
}
