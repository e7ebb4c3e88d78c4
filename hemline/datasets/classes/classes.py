"""What a training's labels are, and which classes of a source become each of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from hemline.datasets.sample import Pixels, swap_pairs
from hemline.errors import DatasetError
from hemline.masks.figures.overlap import IGNORE

BACKGROUND = "background"
MAX_LABELS = 254  # class ids are uint8, 0 is the background, and 255 is what nobody labelled

_ANY = ""  # key of a table that holds for every vocabulary


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The classes that a source's files know, background not among them.

    `name` is what class lists know the source by. `groups` gives labels a wider name
    (Fashionpedia's supercategories), which a table may use in their place.
    """

    name: str
    labels: tuple[str, ...]
    groups: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ClassMap:
    """The labels of a training, class id k being `labels[k - 1]`, and where each comes from.

    `tables` holds, for each vocabulary by name, the label that a source's class or group becomes;
    "background" is allowed and covers what lies below it. Classes that a table does not name are
    what `unlabelled` says, but where a source has one shape for each piece, such a shape is not
    drawn and what lies below it stays: a pocket that no label asks for leaves its coat whole.
    """

    name: str
    labels: tuple[str, ...]
    tables: Mapping[str, Mapping[str, str]]

    def ids(self, vocabulary: Vocabulary) -> dict[str, int]:
        """The class id of each of the vocabulary's labels that becomes one, or 0.

        Raises:
            DatasetError: the data lacks a class that is asked for.
        """
        table = self._table(vocabulary)
        self._check(table, vocabulary)
        targets = {BACKGROUND: 0, **{label: k for k, label in enumerate(self.labels, start=1)}}
        ids = {}
        for label in vocabulary.labels:
            target = table.get(label, table.get(vocabulary.groups.get(label, label)))
            if target is not None:
                ids[label] = targets[target]
        return ids

    def unlabelled(self, vocabulary: Vocabulary) -> int:
        """The class id of the pixels that a source gives none of the classes that become a label.

        0, the background, where each label can come from the source. IGNORE where it has no class
        for one: such a pixel may show that label, and nobody said that it does not. Of labels that
        differ in left and right alone, one is enough: `shapes.paint_shapes` tells the sides.

        Raises:
            DatasetError: as `ids`.
        """
        known = set(self.ids(vocabulary).values())
        known |= {right for left, right in swap_pairs(self.labels) if left in known}
        return 0 if known.issuperset(range(1, len(self.labels) + 1)) else IGNORE

    def _check(self, table: Mapping[str, str], vocabulary: Vocabulary) -> None:
        """A user's table must be right to the letter; for a list with a name, which stands for
        every release of a data set, it is enough that no label is left without a class."""
        known = {*vocabulary.labels, *vocabulary.groups.values()}
        found = {target for source, target in table.items() if source in known}
        for source, target in table.items():
            by_user = self.tables.get(_ANY) is table
            if source not in known and (by_user or target not in {*found, BACKGROUND}):
                raise DatasetError(
                    f"{self.name} asks for the class '{source}', which the {vocabulary.name} data "
                    f"does not have; choose from {', '.join(vocabulary.labels)}"
                )

    def _table(self, vocabulary: Vocabulary) -> Mapping[str, str]:
        for name in (vocabulary.name, _ANY):
            if name in self.tables:
                return self.tables[name]
        lacking = [label for label in self.labels if label not in vocabulary.labels]
        if lacking:
            raise DatasetError(
                f"{self.name} asks for the class '{lacking[0]}', which the {vocabulary.name} data "
                f"does not have; it has {', '.join(vocabulary.labels)}; give the recipe's classes "
                f"as a table of label = [classes of the data]"
            )
        return {label: label for label in self.labels}


def class_table(table: Mapping[str, Sequence[str]]) -> ClassMap:
    """The class map of a recipe's table: label = the source's classes that become it.

    The order of the table is the order of the class ids. The label "background" is no class of its
    own: what it names is drawn as background.

    Raises:
        DatasetError: there is no label, one has no class, or a class is named twice.
    """
    targets: dict[str, str] = {}
    for label, sources in table.items():
        if not sources:
            raise DatasetError(f"label '{label}' has no classes; add one or remove the label")
        for source in sources:
            if source in targets:
                raise DatasetError(
                    f"class '{source}' is in both '{targets[source]}' and '{label}'; keep it in one"
                )
            targets[source] = label
    labels = tuple(label for label in table if label != BACKGROUND)
    if not 1 <= len(labels) <= MAX_LABELS:
        raise DatasetError(
            f"a table of classes has {len(labels)} labels; it may have 1 to {MAX_LABELS}"
        )
    return ClassMap("the recipe's table of classes", labels, {_ANY: targets})


def merge_classes(classes: ClassMap, table: Mapping[str, Sequence[str]]) -> ClassMap:
    """The class map whose labels are the keys of `table`, each the union of these labels of
    `classes`; the others are background.

    Raises:
        DatasetError: a label has no class, or one that `classes` lacks, or two have the same.
    """
    merged = class_table(table)
    of = merged.tables[_ANY]
    for name, label in of.items():
        if name not in classes.labels:
            raise DatasetError(
                f"label '{label}' asks for the class '{name}', which {classes.name} does not "
                f"have; choose from {', '.join(classes.labels)}"
            )
    tables = {
        vocabulary: {source: of.get(name, BACKGROUND) for source, name in sources.items()}
        for vocabulary, sources in classes.tables.items()
    }
    return ClassMap(f"{classes.name}, merged,", merged.labels, tables)


def own_classes(vocabulary: Vocabulary) -> ClassMap:
    """The class map that takes a source's classes as they are."""
    return class_table({label: [label] for label in vocabulary.labels})


def id_table(classes: ClassMap, vocabulary: Vocabulary) -> Pixels:
    """A `(256,)` uint8 array from a source's class id to ours, where class k is its k-th label.

    Ids beyond the vocabulary become what `ClassMap.unlabelled` says; readers refuse masks that have
    them.

    Raises:
        DatasetError: the data lacks a class that is asked for.
    """
    ids, unlabelled = classes.ids(vocabulary), classes.unlabelled(vocabulary)
    table = np.full(256, unlabelled, dtype=np.uint8)
    for class_id, label in enumerate(vocabulary.labels, start=1):
        table[class_id] = ids.get(label, unlabelled)
    return table
