"""How cut-outs look when they leave: their edge, and the channel they are laid out for."""

from dataclasses import dataclass

from hemline.masks.cutouts.edges import Edge


@dataclass(frozen=True, slots=True)
class Look:
    """What a person may choose of cut-outs; the other formats have no look.

    Attributes:
        pack: name of the rule pack that pictures are laid out for and must pass; empty: none.
    """

    edge: Edge = Edge.SOFTENED
    pack: str = ""


DEFAULT_LOOK = Look()
