"""Groups of a network's channels: which of them make up each label. No torch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_MOST_CHANNELS = 4000


@dataclass(frozen=True, slots=True)
class Groups:
    """Label k has the channels `of_labels[k]` of a last layer with `channels`.

    A label's probability is the sum of its channels'. Channel 0 and all that no label has are the
    background. A label without a channel is one of which nothing was learned: it is never drawn.
    """

    channels: int
    of_labels: tuple[tuple[int, ...], ...]

    @property
    def background(self) -> tuple[int, ...]:
        """The channels that no label has, channel 0 among them."""
        taken = {channel for channels in self.of_labels for channel in channels}
        return tuple(channel for channel in range(self.channels) if channel not in taken)


def read_groups(value: Any, labels: int) -> Groups | None:
    """The groups of a card, for so many labels; None where the card has none.

    Raises:
        ValueError, TypeError, KeyError: they are not sound.
    """
    if value is None:
        return None
    channels, of_labels = value["channels"], value["of_labels"]
    if not _is_whole(channels) or not 2 <= channels <= _MOST_CHANNELS:
        raise ValueError(f"{channels} channels; 2 to {_MOST_CHANNELS} are allowed")
    if len(of_labels) != labels:
        raise ValueError(f"groups of {len(of_labels)} labels, of which there are {labels}")
    named = [channel for group in of_labels for channel in group]
    if not all(_is_whole(channel) and 0 < channel < channels for channel in named):
        raise ValueError(f"a group has a channel that is not among 1 to {channels - 1}")
    if len(set(named)) < len(named):
        raise ValueError("two groups have the same channel")
    return Groups(channels, tuple(tuple(group) for group in of_labels))


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def plain_groups(labels: int) -> Groups:
    """What a network without groups has: a channel a label after the background's."""
    return Groups(labels + 1, tuple((channel,) for channel in range(1, labels + 1)))


@dataclass(frozen=True, slots=True)
class Regrouped:
    """The groups of a network that begins from a parent's; the parent's channels come first, and
    after them one for each class id in `fresh`, of which the parent knows nothing."""

    groups: Groups
    fresh: tuple[int, ...]


def regroup(
    parent: Mapping[str, Sequence[int]],
    channels: int,
    labels: Sequence[str],
    pixels: Sequence[int],
) -> Regrouped | None:
    """The parent's channels for a training's labels; None where they share none.

    A label that the parent knows keeps its channels. One that it does not know gets a channel if
    the training has pixels of it. What the parent knows beyond the labels is background.

    Args:
        parent: the channels of each of the parent's labels, of `channels` in all.
        pixels: those of each class id in the training's photos, the background's first.
    """
    if not any(parent.get(label) for label in labels):
        return None
    of_labels: list[tuple[int, ...]] = []
    fresh: list[int] = []
    for class_id, label in enumerate(labels, start=1):
        known = tuple(parent.get(label, ()))
        if not known and pixels[class_id]:
            known = (channels + len(fresh),)
            fresh.append(class_id)
        of_labels.append(known)
    return Regrouped(Groups(channels + len(fresh), tuple(of_labels)), tuple(fresh))
