"""An export that was ordered from the dashboard: what a job carries, and where it is written."""

import json
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from hemline.errors import ExportError
from hemline.export.formats.registry import FormatName
from hemline.export.look import DEFAULT_LOOK, Look
from hemline.masks.cutouts.edges import Edge
from hemline.settings import Settings
from hemline.store.reports.export_masks import ExportFilter, MaskChoice

FOLDER = "exports"  # in HEMLINE_HOME


@dataclass(frozen=True, slots=True)
class ExportOrder:
    """A format, a filter and a look, as they were when somebody pressed the button."""

    format_name: FormatName
    chosen: ExportFilter
    look: Look = DEFAULT_LOOK

    def arguments(self) -> dict[str, Any]:
        """What the job stores."""
        look = {} if self.look == DEFAULT_LOOK else asdict(self.look)
        return {"format": self.format_name.value, **look, **_plain(self.chosen)}

    @classmethod
    def read(cls, arguments: dict[str, Any]) -> "ExportOrder":
        """The order of a job's arguments. Raises ExportError if they are none."""
        try:
            rest = dict(arguments)
            name = FormatName(rest.pop("format"))
            look = Look(Edge(rest.pop("edge", Edge.SOFTENED)), str(rest.pop("pack", "")))
            chosen = ExportFilter(**rest | {"masks": MaskChoice(rest["masks"])})
            return cls(name, chosen, look)
        except (KeyError, TypeError, ValueError) as error:
            raise ExportError(
                f"the job holds an export order that cannot be read ({error!r}); order it again"
            ) from error

    def folder(self, settings: Settings, ls_project_id: int) -> Path:
        """Where it is written: the same order again goes on in the same folder."""
        text = json.dumps(self.arguments(), sort_keys=True)
        digest = sha256(text.encode()).hexdigest()[:8]
        return settings.home_path / FOLDER / f"{ls_project_id}-{self.format_name.value}-{digest}"


def _plain(chosen: ExportFilter) -> dict[str, Any]:
    """The filter as JSON, without what filters nothing."""
    given = asdict(chosen) | {"masks": chosen.masks.value}
    return {name: value for name, value in given.items() if value}
