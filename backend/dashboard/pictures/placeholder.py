"""What stands in a picture's place when it cannot be drawn: a sentence that says why."""

import textwrap
from html import escape

_WIDTH, _HEIGHT = 300, 400
_LINE = 19
BUSY_WIDTH = 3  # how a page's script tells a picture that is still being drawn from others


def placeholder(sentence: str) -> bytes:
    """An SVG with the sentence, which may hold anything."""
    return _draw(sentence, _WIDTH, _HEIGHT)


def busy_placeholder() -> bytes:
    """The same for a picture that is worth asking for again in a moment."""
    return _draw("This picture is being drawn. Reload the page in a moment.", BUSY_WIDTH, 4)


def _draw(sentence: str, width: int, height: int) -> bytes:
    printable = "".join(character for character in sentence if character.isprintable())
    lines = textwrap.wrap(printable, 34, max_lines=14, placeholder=" …") or ["No picture."]
    top = _HEIGHT / 2 - _LINE * len(lines) / 2
    # A plate behind the words: they may stand on a photo, on black, or on a brand's colour.
    plate = (
        f'<rect x="12" y="{top - 24:.0f}" width="{_WIDTH - 24}" rx="8" '
        f'height="{_LINE * len(lines) + 24}" fill="#f4f2ed"/>'
    )
    text = "".join(
        f'<text x="{_WIDTH / 2}" y="{top + _LINE * number:.0f}">{escape(line)}</text>'
        for number, line in enumerate(lines)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {_WIDTH} {_HEIGHT}">'
        '<rect width="100%" height="100%" fill="#8a857c" fill-opacity="0.18"/>'
        f"{plate}"
        '<g font-family="system-ui, sans-serif" font-size="15" text-anchor="middle" '
        f'fill="#4a463f">{text}</g></svg>'
    ).encode("utf-8", "replace")
