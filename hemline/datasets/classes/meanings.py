"""What a project's labels mean in the starter's classes, by their names in nine languages.

The words are in `meanings.toml`. Nothing is guessed: a name that is not there has no class, and of
two labels that the starter cannot tell apart neither has one.
"""

import re
import tomllib
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

_WORDS = Path(__file__).with_name("meanings.toml")
_ANY = "any"  # words that several languages share, and that tell none of them
_NAMED = 3  # labels in a sentence

# Letters that Unicode does not take apart.
_LETTERS = str.maketrans({"ł": "l", "ø": "o", "æ": "ae", "œ": "oe", "đ": "d", "ı": "i"})
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})  # as people write them without
_NUMBER = re.compile(r"^\s*\d+\s*[.:)_\s-]+")  # of "03_dress"
_SIGNS = re.compile(r"[,;/|&+]")
_AND = re.compile(r"(?:and|or|und|oder|et|ou|y|o|e|en|of|i|lub)")

_UNKNOWN = "the starter knows no clothes of this name"
_LANGUAGES_DIFFER = "it means different things in different languages"


@dataclass(frozen=True, slots=True)
class LabelMatch:
    """The starter's classes that a label has, in the starter's order; `why` it has none, as a part
    of a sentence, or empty."""

    classes: tuple[str, ...]
    why: str = ""


def match_labels(
    labels: Iterable[str], fixed: Mapping[str, Sequence[str]] | None = None
) -> dict[str, LabelMatch]:
    """The classes that each label means by its name. The order of the labels does not matter.

    A class is one label's alone. Where several want it, the label that means least beside it has
    it: of "upper body" and "jacket", the latter has the jackets. Words for some of what a class
    holds ("jeans") have it only where no other label wants it. Of labels that want it alike, such
    as "trousers" and "pants", or "jeans" and "leggings", none has it.

    Args:
        labels: a project's, no two equal.
        fixed: the classes of labels that a person decided; they are no other label's.

    Returns:
        One match for each of `labels` that is not in `fixed`.
    """
    wanted = dict.fromkeys(labels)
    given = {label: classes for label, classes in (fixed or {}).items() if label in wanted}
    senses = _senses([*wanted])
    open_ = {label: sense for label, sense in senses.items() if label not in given}
    holder = {name: label for label, classes in given.items() for name in classes}
    rivals: dict[str, list[str]] = {}  # by class, the labels that want it alike
    for name in class_names():
        if name not in holder:
            first = _first_for(name, open_)
            rivals[name] = first
            if len(first) == 1:
                holder[name] = first[0]
    return {
        label: LabelMatch(tuple(name for name in class_names() if holder.get(name) == label))
        if label in holder.values()
        else LabelMatch((), _why(label, sense, holder, rivals))
        for label, sense in open_.items()
    }


@lru_cache(maxsize=1)
def class_names() -> tuple[str, ...]:
    """The starter's classes, in its order."""
    return tuple(_table()["classes"])


@dataclass(frozen=True, slots=True)
class _Sense:
    """What a word means: all of the classes `means`, and some of what is in the classes `kind`.
    With neither, `why` there is none."""

    means: frozenset[str] = frozenset()
    kind: frozenset[str] = frozenset()
    why: str = ""


@lru_cache(maxsize=1)
def _table() -> dict[str, Any]:
    return tomllib.loads(_WORDS.read_text(encoding="utf-8"))


@lru_cache(maxsize=1)
def _dictionary() -> Mapping[str, Mapping[str, _Sense]]:
    """Each word's sense by language; words as `_key` writes them."""
    found: dict[str, dict[str, _Sense]] = defaultdict(dict)
    table = _table()
    entries = [
        *((_Sense(means=frozenset(entry["classes"])), entry) for entry in table["means"]),
        *((_Sense(kind=frozenset(entry["of"])), entry) for entry in table["kind"]),
        *((_Sense(why=entry["why"]), entry) for entry in table["untold"]),
    ]
    for sense, entry in entries:
        for language, words in entry.items():
            if language in ("classes", "of", "why"):
                continue
            for word in words.split(","):
                for key in {_key(word), _key(word.casefold().translate(_UMLAUTS))}:
                    found[key][language] = sense
    return found


def _key(word: str) -> str:
    """A word without case, accents, and whatever is no letter or number."""
    plain = unicodedata.normalize("NFKD", word.casefold()).translate(_LETTERS)
    return "".join(letter for letter in plain if letter.isalnum())


def _senses(labels: Sequence[str]) -> dict[str, _Sense]:
    """What each label means; of a word that languages differ in, as the other labels have it."""
    spoken = {label: _languages(label) for label in labels}
    votes = Counter(language for languages in spoken.values() for language in languages)
    return {label: _sense(label, votes) for label in labels}


def _languages(label: str) -> frozenset[str]:
    """The languages that all words of the label are in; none where one word is in no language."""
    by_part = [frozenset(_look_up(part)) - {_ANY} for part in _parts(label)]
    return frozenset.intersection(*by_part) if by_part else frozenset()


def _sense(label: str, votes: Mapping[str, int]) -> _Sense:
    senses = [_decide(_look_up(part), votes) for part in _parts(label)]
    means = frozenset().union(*(sense.means for sense in senses))
    kind = frozenset().union(*(sense.kind for sense in senses)) - means
    if means or kind:
        return _Sense(means, kind)
    return senses[0] if senses else _Sense(why=_UNKNOWN)


def _decide(found: Mapping[str, _Sense], votes: Mapping[str, int]) -> _Sense:
    """The sense in the language that most of the project's labels are in."""
    if len(set(found.values())) == 1:
        return next(iter(found.values()))
    most = max(votes.get(language, 0) for language in found)
    spoken = {sense for language, sense in found.items() if votes.get(language, 0) == most}
    if len(spoken) == 1:
        return spoken.pop()
    classes = {sense.means | sense.kind for sense in spoken}
    if len(classes) == 1 and any(classes):  # they differ in how far it holds: the least is true
        return _Sense(kind=classes.pop())
    whys = {sense.why for sense in spoken}
    return _Sense(why=min(whys) if all(whys) else _LANGUAGES_DIFFER)


def _parts(label: str) -> list[str]:
    """The words of a label as `_key` writes them: one, or those of "scarf & tie". Empty where one
    of them is not known."""
    text = _NUMBER.sub("", label)
    if _look_up(key := _key(text)):
        return [key]
    pieces = [piece for part in _SIGNS.split(text) for piece in _split_at_and(part)]
    keys = [_key(piece) for piece in pieces]
    return keys if len(keys) > 1 and all(_look_up(key) for key in keys) else []


def _split_at_and(text: str) -> list[str]:
    words = text.replace("_", " ").replace("-", " ").split()
    pieces: list[list[str]] = [[]]
    for word in words:
        if _AND.fullmatch(word.casefold()):
            pieces.append([])
        else:
            pieces[-1].append(word)
    whole = _key(text)
    return [text] if _look_up(whole) else [" ".join(piece) for piece in pieces]


def _look_up(key: str) -> Mapping[str, _Sense]:
    """The word's senses by language, or those of its singular."""
    words = _dictionary()
    for form in (key, key.removesuffix("s"), key.removesuffix("es")):
        if form in words:
            return words[form]
    return {}


def _first_for(name: str, senses: Mapping[str, _Sense]) -> list[str]:
    """The labels with the best claim to a class; several where none is better than another."""
    sizes = {label: len(sense.means) for label, sense in senses.items() if name in sense.means}
    if sizes:
        return sorted(label for label, size in sizes.items() if size == min(sizes.values()))
    return sorted(label for label, sense in senses.items() if name in sense.kind)


def _why(
    label: str, sense: _Sense, holder: Mapping[str, str], rivals: Mapping[str, Sequence[str]]
) -> str:
    """Why a label has no class, though it means one or because it does not."""
    wanted = sense.means or sense.kind
    if not wanted:
        return sense.why
    alike = sorted(
        {other for name in wanted for other in rivals.get(name, ()) if len(rivals[name]) > 1}
        - {label}
    )
    others = sorted({holder[name] for name in wanted if name in holder}) or alike
    return f"the starter cannot tell it from {_listed(others)}"


def _listed(labels: Sequence[str]) -> str:
    named = [f"'{label}'" for label in labels[:_NAMED]]
    more = len(labels) - _NAMED
    if more > 0:
        return f"{', '.join(named)} and {more} more"
    return " or ".join(named) if len(named) < 3 else f"{', '.join(named[:-1])} or {named[-1]}"
