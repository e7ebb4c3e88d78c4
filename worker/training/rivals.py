"""Whether a model version can be compared with others on what a project asks for."""

from collections.abc import Sequence

from hemline.store.tables.loop import ModelVersion


def can_compete(version: ModelVersion, labels: Sequence[str]) -> bool:
    """A version that lacks a label of today's label config cannot pre-fill it at all."""
    return len(labels) == 1 == len(version.labels) or set(labels) <= set(version.labels)
