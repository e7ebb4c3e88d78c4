"""Rule packs: one TOML file a channel, which says what its pictures must be."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import Field, ValidationError

from hemline.channels.canvas import Canvas
from hemline.channels.file_rules import Aspect, Bytes, Format, Size
from hemline.channels.keys import Keys
from hemline.channels.layout_rules import Centre, CutByFrame, Fill, Margin
from hemline.channels.picture import Colour, Picture
from hemline.channels.rule import Finding, Outcome, Rule, Text
from hemline.channels.surface_rules import Background, Blur, Fringe, Islands
from hemline.errors import ChannelError
from hemline.key_faults import key_fault
from hemline.settings import get_settings

CHECKS: dict[str, type[Rule]] = {
    "aspect": Aspect,
    "background": Background,
    "blur": Blur,
    "bytes": Bytes,
    "centre": Centre,
    "cut": CutByFrame,
    "fill": Fill,
    "format": Format,
    "fringe": Fringe,
    "islands": Islands,
    "margin": Margin,
    "size": Size,
}
OWN_PACKS = "packs"  # in HEMLINE_HOME
_SHIPPED = Path(__file__).parent / "packs"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,40}")
_K = TypeVar("_K", bound=Keys)
_LARGEST = 2**20  # bytes; ours have under 4,000


class _Head(Keys):
    """A pack but for its rules."""

    title: Text
    version: Annotated[int, Field(ge=1)]
    unchecked: list[Text] = Field(default_factory=list)
    canvas: Canvas = Canvas()


@dataclass(frozen=True, slots=True)
class Pack:
    """A channel's rules.

    Attributes:
        name: what `--pack` takes.
        version: goes up when a rule changes.
        unchecked: what the channel asks for that cannot be seen in picture and mask.
        rules: the name of the check, and the rule.
    """

    name: str
    title: str
    version: int
    unchecked: tuple[str, ...]
    canvas: Canvas
    rules: tuple[tuple[str, Rule], ...]

    @property
    def ground(self) -> Colour:
        """What clear pixels are laid on when a cut-out is judged."""
        return self.canvas.background

    def fingerprint(self, today: date) -> str:
        """Another one where its rules, its canvas or what is in force on that day differ."""
        in_force = [rule.since is None or today >= rule.since for _, rule in self.rules]
        return sha256(repr((self, in_force)).encode()).hexdigest()

    def judge(self, picture: Picture, today: date) -> list[Finding]:
        """What each rule says of a picture, in the pack's order."""
        return [rule.judge(check, picture, today) for check, rule in self.rules]


def passes(findings: list[Finding]) -> bool:
    """Whether the channel takes a picture with these findings."""
    return not any(finding.outcome is Outcome.FAILED for finding in findings)


def pack_names() -> list[str]:
    """The packs that ship and those in HEMLINE_HOME/packs, by name."""
    found = [*_SHIPPED.glob("*.toml"), *_own_folder().glob("*.toml")]
    return sorted({path.stem for path in found})


def load_pack(name: str) -> Pack:
    """The pack of a name, or of a path that ends in .toml.

    A file of that name in HEMLINE_HOME/packs comes before the one that ships.

    Raises:
        ChannelError: there is none of that name, or it has an unknown key, a number that cannot be
            or a rule without its source.
    """
    path = Path(name)
    if path.suffix != ".toml":
        candidates = [_own_folder() / f"{name}.toml", _SHIPPED / f"{name}.toml"]
        found = [path for path in candidates if path.is_file()] if _NAME.fullmatch(name) else []
        if not found and name in pack_names():
            raise ChannelError(
                f"rule pack '{name}' cannot be used under this name; rename its file in "
                f"'{_own_folder()}' to small letters, digits, - and _, 41 at most"
            )
        if not found:
            raise ChannelError(
                f"there is no rule pack '{name}'; there are {', '.join(pack_names())}, or give the "
                "path of a .toml file"
            )
        path = found[0]
    return parse_pack(_read(path), name=path.stem, source=str(path))


def parse_pack(values: Mapping[str, Any], *, name: str, source: str) -> Pack:
    """A pack from its plain values; `source` names the file in errors.

    Raises:
        ChannelError: as `load_pack`.
    """
    rest = dict(values)
    listed = rest.pop("rule", [])
    if not isinstance(listed, list) or not listed:
        raise ChannelError(f"rule pack '{source}' has no rules; add a [[rule]]")
    head = _model(_Head, rest, f"rule pack '{source}'")
    rules = tuple(_rule(item, number, source) for number, item in enumerate(listed, start=1))
    return Pack(name, head.title, head.version, tuple(head.unchecked), head.canvas, rules)


def _rule(values: Any, number: int, source: str) -> tuple[str, Rule]:
    given = dict(values) if isinstance(values, dict) else {}
    check = given.pop("check", None)
    where = f"rule pack '{source}', rule {number}"
    if check not in CHECKS:
        said = f"has the check '{check}', which is unknown" if check else "has no check"
        raise ChannelError(f"{where} {said}; known checks: {', '.join(sorted(CHECKS))}")
    return check, _model(CHECKS[check], given, f"{where} ({check})")


def _model(model: type[_K], values: Mapping[str, Any], source: str) -> _K:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise ChannelError(key_fault(error, model, source)) from error


def _read(path: Path) -> dict[str, Any]:
    try:
        data = path.read_bytes()[: _LARGEST + 1]
        if len(data) > _LARGEST:
            raise ChannelError(f"rule pack '{path}' has over {_LARGEST} bytes; give a smaller file")
        return tomllib.loads(data.decode())
    except OSError as error:
        raise ChannelError(f"rule pack '{path}' cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ChannelError(f"rule pack '{path}' is not TOML: {error}") from error


def _own_folder() -> Path:
    return get_settings().home_path / OWN_PACKS
