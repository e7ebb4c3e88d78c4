"""The words of photo names: views, sizes, and what names a file without naming a garment."""

import re

PHOTO_SUFFIX = r"\.(?:jpe?g|jpe|jfif|png|tiff?|bmp|webp|gif|avif|hei[cf]|jp2|dng)"

_GAP = r"[ _.\-]"
_VIEW_WORD = (
    r"(?:three[ _\-]?quarters?|front|back|rear|left|right|side|detail|close[ _\-]?up|profile"
    r"|inside|packshot|flat[ _\-]?lay|mannequin|hanger|on[ _\-]?model|lifestyle|swatch)s?"
)
VIEW = rf"{_VIEW_WORD}(?:[ _\-]?{_VIEW_WORD})*(?:[ _\-]?(?:view|shot)s?)?"
_COUNTER = rf"(?:{_GAP}?\d{{1,2}}|[ _]?\(\d{{1,3}}\))"
_GENERIC = (
    r"(?:original|orig|image|img|photo|photograph|picture|pic|main|master|full|fullsize|large|big"
    r"|medium|small|thumb|thumbnail|zoom|default|file|source|src|index|hero|cover|primary|alt|raw"
    r"|final|output|download|get|view|shot|render|show|serve|fetch|base|preview|resize|resized"
    r"|retouched|edited|cropped|scaled|hd|hires|web)"
)
_STORES = (
    r"(?:images?|imgs?|photos?|pictures?|pics?|files?|uploads?|media|assets?|static|public|cdn"
    r"|content|data|storage|products?|items?|catalogue|catalog|garments?|originals?|raw|edited"
    r"|retouched|full|fullsize|large|medium|small|thumbs?|thumbnails?|views?|shots?|is|p|i|www|api"
    r"|v\d+|sample|galler(?:y|ies)|upload|fetch|fit-in|main|download|get|resized?|cache|export)"
)
# A segment of an image server's address that says how to scale.
_TRANSFORM = (
    r"(?:(?:w|h|q|ar|dpr)_[\d.:]+|(?:c|f|g|q|dpr|fl)_[a-z]+|[a-z]{1,3}_[\w.:\-]+"
    r"(?:,[a-z]{1,3}_[\w.:\-]+)+|\d{2,}x\d*|x\d{3,})"
)
_SIZE = r"(?:\d{3,5}x\d{0,5}|\d{2,5}x\d{3,5}|x\d{3,5}|[wh]_?\d{3,5}|\d{3,5}(?:px|w|h))"
_VARIANT = (
    r"(?:original|orig|large|medium|small|thumb|thumbnail|zoom|full|hd|hi-?res|low-?res|grande"
    r"|compact|pico|master|scaled|resized|retouched|edited|final|cropped|web|preview|copy)"
)
UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"

_I = re.IGNORECASE
_VIEW_BEHIND = re.compile(
    rf"^(?P<garment>.*?[^ _.\-])(?:{_GAP}+|(?<=\d))(?P<view>{VIEW}){_COUNTER}?$", _I
)
# A view before several words is one of them, unless a number names the garment: "side-zip-dress".
_VIEW_BEFORE = re.compile(
    rf"^(?P<view>{VIEW}){_GAP}+(?P<garment>[^ _.\-]+|(?=.*\d).*[^ _.\-].*)$", _I
)
_VIEW_ALONE = re.compile(rf"^{_GAP}*(?P<view>{VIEW}){_COUNTER}?$", _I)
_VIEW_FOLDER = re.compile(
    rf"^(?:(?:{_STORES}|{_GENERIC}){_GAP}+)*{VIEW}(?:{_GAP}+(?:{_STORES}|{_GENERIC}|\d{{1,2}}))*$",
    _I,
)
_NAMELESS = re.compile(rf"^{_GENERIC}$", _I)
_COUNTED = re.compile(rf"^(?:{_GENERIC}?{_GAP}*\(?\d{{1,2}}\)?|[a-z])$", _I)
_NO_GARMENTS_FOLDER = re.compile(rf"^(?:{_STORES}|{_TRANSFORM})$", _I)
_ENDINGS = tuple(
    re.compile(pattern, _I)
    for pattern in (
        rf"{PHOTO_SUFFIX}$",
        rf"{_GAP}+{_SIZE}$",
        rf"{_GAP}+{_VARIANT}$",
        rf"{_GAP}+{UUID}$",
        r"@\d(?:\.\d)?x$",
        r"\._[a-z0-9_,]+_$",
        r"-e\d{10,13}$",
    )
)
_MONTH = re.compile(r"^(?:0?[1-9]|1[0-2])$")
_YEAR = re.compile(r"^(?:19|20)\d\d$")
_DATE = re.compile(r"^(?:19|20)\d\d(?:[ _.\-]?[01]\d(?:[ _.\-]?[0-3]\d)?)?$")
_OCCASION = re.compile(
    r"^(?:batch|session|shoot|shooting|day|set|part|folder|week|camera|cam|lot|series|season"
    r"|collection|delivery|project|task|job|spring|summer|autumn|fall|winter|ss|fw|aw|run|roll"
    rf"|card|train|test|val){_GAP}*\d+$|^\d{{3}}[a-z_]{{5}}$",
    _I,
)


def without_variant(stem: str) -> str:
    """The stem without what a server or an editor puts behind it: a size, "large", a copy's UUID.

    >>> without_variant("coat1_Front_800x1200")
    'coat1_Front'
    """
    before = ""
    while stem != before:
        before = stem
        for ending in _ENDINGS:
            stem = ending.sub("", stem) or stem
    return stem


def split_view(stem: str) -> tuple[str, str]:
    """The stem without its view, and the view; of a view alone, "" and the view.

    >>> split_view("coat1_Front")
    ('coat1', 'Front')
    >>> split_view("back-left 2")
    ('', 'back-left')
    """
    if match := _VIEW_ALONE.match(stem):
        return "", match["view"]
    match = _VIEW_BEHIND.match(stem) or _VIEW_BEFORE.match(stem)
    return (match["garment"], match["view"]) if match else (stem, "")


def is_view_first(stem: str) -> bool:
    """Whether the view stands before what it is a view of, as in `front_12`."""
    return not _VIEW_BEHIND.match(stem) and bool(_VIEW_BEFORE.match(stem))


def is_nameless(name: str) -> bool:
    """Whether a name says nothing of a garment: "", "original", "image"."""
    return not name or bool(_NAMELESS.match(name))


def is_counter(name: str) -> bool:
    """Whether a name counts photos or garments, whichever it is: "3", "image_02", "b"."""
    return bool(_COUNTED.match(name))


def is_dateless_number(folder: str) -> bool:
    """Whether a folder's name has a number that is neither a date's nor a session's."""
    return (
        any(letter.isdigit() for letter in folder)
        and not _DATE.match(folder)
        and not _OCCASION.match(folder)
    )


def garment_folders(folders: tuple[str, ...]) -> tuple[str, ...]:
    """The folders that may name a garment: not "photos", "w_300,h_200" or "front", no dates."""
    kept: list[str] = []
    in_date = False
    for index, folder in enumerate(folders):
        following = folders[index + 1] if index + 1 < len(folders) else ""
        in_date = bool(_MONTH.match(folder) and in_date) or bool(
            _YEAR.match(folder) and _MONTH.match(following)
        )
        if in_date or _NO_GARMENTS_FOLDER.match(folder) or _VIEW_FOLDER.match(folder):
            continue
        kept.append(folder)
    return tuple(kept)
