"""An export that was ordered from the dashboard: what a job carries, and where it is written."""

import json
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from hemline.errors import ExportError
from hemline.export.cutout_style import DEFAULT_STYLE, CutoutStyle
from hemline.export.formats.registry import FormatName
from hemline.export.shared import SharedExport
from hemline.settings import Settings
from hemline.store.reports.export_masks import ExportFilter, MaskChoice

_STYLE = ("edge", "pack", "canvas")
FOLDER = "exports"  # in HEMLINE_HOME


@dataclass(frozen=True, slots=True)
class ExportOrder:
    """A format, a filter and a style, as they were when somebody pressed the button."""

    format_name: FormatName
    chosen: ExportFilter
    style: CutoutStyle = DEFAULT_STYLE

    def arguments(self) -> dict[str, Any]:
        """What the job stores."""
        style = {} if self.style == DEFAULT_STYLE else self.style.as_json()
        return {"format": self.format_name.value, **style, **_plain(self.chosen)}

    @classmethod
    def read(cls, arguments: dict[str, Any]) -> "ExportOrder":
        """The order of a job's arguments. Raises ExportError if they are none."""
        try:
            rest = dict(arguments)
            name = FormatName(rest.pop("format"))
            style = CutoutStyle.read({key: rest.pop(key) for key in _STYLE if key in rest})
            chosen = ExportFilter(**rest | {"masks": MaskChoice(rest["masks"])})
            return cls(name, chosen, style)
        except (KeyError, TypeError, ValueError) as error:
            raise ExportError(
                f"the job holds an export order that cannot be read ({error!r}); order it again"
            ) from error

    def folder(self, settings: Settings, ls_project_id: int) -> Path:
        """Where it is written: the same order again goes on in the same folder."""
        text = json.dumps(self.arguments(), sort_keys=True)
        digest = sha256(text.encode()).hexdigest()[:8]
        return settings.home_path / FOLDER / f"{ls_project_id}-{self.format_name.value}-{digest}"

    def shared(self, settings: Settings, ls_project_id: int) -> SharedExport | None:
        """Where all hosts find it; None where the artifacts are this host's own."""
        if not settings.artifacts_are_shared:
            return None
        return SharedExport(settings, self.folder(settings, ls_project_id).name)


def _plain(chosen: ExportFilter) -> dict[str, Any]:
    """The filter as JSON, without what filters nothing."""
    given = asdict(chosen) | {"masks": chosen.masks.value}
    return {name: value for name, value in given.items() if value}
