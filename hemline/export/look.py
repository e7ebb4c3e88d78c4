"""How cut-outs look when they leave: their edge."""

from dataclasses import dataclass

from hemline.masks.edges import Edge


@dataclass(frozen=True, slots=True)
class Look:
    """What a person may choose of cut-outs; the other formats have no look."""

    edge: Edge = Edge.SOFTENED


DEFAULT_LOOK = Look()
