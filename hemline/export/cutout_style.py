"""How cut-outs look when they leave: their edge, and the frame they are laid out in."""

from dataclasses import dataclass
from typing import Any

from hemline.channels.canvas import Canvas
from hemline.masks.cutouts.edges import Edge


@dataclass(frozen=True, slots=True)
class CutoutStyle:
    """What a person may choose of cut-outs; the other formats have no style.

    Attributes:
        pack: name of the rule pack that pictures are laid out for and must pass; empty: none.
        canvas: a frame of one's own instead; None: the photo's own size on a clear ground.
    """

    edge: Edge = Edge.SOFTENED
    pack: str = ""
    canvas: Canvas | None = None

    def as_json(self) -> dict[str, Any]:
        """Plain values, without a canvas where there is none."""
        canvas = {} if self.canvas is None else {"canvas": self.canvas.model_dump(mode="json")}
        return {"edge": self.edge.value, "pack": self.pack, **canvas}

    @classmethod
    def read(cls, values: dict[str, Any]) -> "CutoutStyle":
        """The style of such values. Raises ValueError if they are none."""
        canvas = values.get("canvas")
        return cls(
            Edge(values.get("edge", Edge.SOFTENED)),
            str(values.get("pack", "")),
            None if canvas is None else Canvas.model_validate(canvas),
        )


DEFAULT_STYLE = CutoutStyle()
