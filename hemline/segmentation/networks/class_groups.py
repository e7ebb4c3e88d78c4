"""A last layer that makes labels of a network's channels, and new channels before it."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from hemline.errors import ModelError
from hemline.segmentation.groups import Groups

# The head is a convolution and what enlarges its outputs: the library's, and our own.
_HEAD = "segmentation_head"
_WEIGHT, _BIAS = f"{_HEAD}.0.weight", f"{_HEAD}.0.bias"

_NEVER = 30.0  # below the background: e^-30 of its probability, whatever the photo shows
_LESS = 3.0  # a new channel's logit than the background's: drawn nowhere yet


def can_grow(weights: Mapping[str, Tensor]) -> bool:
    """Whether the head of a network with these weights can have more channels: DPT's cannot."""
    return _WEIGHT in weights and _BIAS in weights


class ClassGroups(nn.Module):
    """Logits `(N, channels, H, W)` in; `(N, L + 1, H, W)` out, or `(N, 1, H, W)` for one label.

    After softmax, or sigmoid for one label, a label has the sum of its channels' probabilities:
    softmax of logsumexp over the parts is the sum of softmax over the whole.
    """

    def __init__(self, groups: Groups) -> None:
        super().__init__()
        self.background = _Together(groups.background)
        self.labels = nn.ModuleList(_Together(channels) for channels in groups.of_labels)
        self._known = [bool(channels) for channels in groups.of_labels]

    def forward(self, logits: Tensor) -> Tensor:
        logits = logits.float()
        background = self.background(logits)
        labels = [
            label(logits) if known else background - _NEVER
            for label, known in zip(self.labels, self._known, strict=True)
        ]
        if len(labels) == 1:
            alone: Tensor = labels[0] - background
            return alone
        return torch.cat([background, *labels], 1)


class _Together(nn.Module):
    """From logits `(N, channels, H, W)` the one of "any of these channels", `(N, 1, H, W)`."""

    channels: Tensor

    def __init__(self, channels: Sequence[int]) -> None:
        super().__init__()
        numbers = torch.tensor(channels, dtype=torch.int64)
        self.register_buffer("channels", numbers, persistent=False)

    def forward(self, logits: Tensor) -> Tensor:
        own = logits.index_select(1, self.channels)
        return own if len(self.channels) == 1 else torch.logsumexp(own, 1, keepdim=True)


def add_groups(network: nn.Module, groups: Groups) -> None:
    """Has a network's head end in its groups. The names of its weights stay as they are.

    Raises:
        ModelError: the head is no sequence of layers, of which DPT's is none.
    """
    head = network.get_submodule(_HEAD)
    if not isinstance(head, nn.Sequential):
        raise ModelError(
            "the head of this network cannot end in groups of classes; train another architecture"
        )
    head.append(ClassGroups(groups))


def grown_head(weights: Mapping[str, Tensor], more: int) -> dict[str, Tensor]:
    """The weights of a network with so many channels more, each less likely than the background's.

    The one output of a network of one label becomes two channels first, of which softmax makes
    what sigmoid made of it.
    """
    grown = dict(weights)
    for key in (_WEIGHT, _BIAS):
        rows = weights[key].float()
        if len(rows) == 1:
            rows = torch.cat([torch.zeros_like(rows), rows])
        new = rows[:1] - _LESS if key == _BIAS else rows[:1]
        grown[key] = torch.cat([rows, *[new] * more])
    return grown
