"""Which pre-fills may be accepted as they are, and how that is kept honest. Off by default.

A pre-fill is accepted when the lower bound of its predicted Dice is above the project's threshold.
A share of those still goes to a person, drawn by the task alone, and what they find moves the
threshold.
"""

from collections.abc import Sequence
from hashlib import sha256

AUDIT_SHARE = 0.1
_STEP = 0.01
_LEAST = 10  # audited items before the threshold moves
_CEILING = 0.995


def accepts(low: float, threshold: float | None) -> bool:
    """Whether a pre-fill whose predicted Dice is at least `low` may be accepted.

    A threshold of None is triage switched off; a NaN is never accepted.
    """
    return threshold is not None and low >= threshold


def is_audited(task: str, *, share: float = AUDIT_SHARE, seed: int = 0) -> bool:
    """Whether an accepted task goes to a person all the same; the same task, the same answer."""
    digest = sha256(f"audit/{seed}/{task}".encode()).digest()
    return int.from_bytes(digest[:4], "big") / 2**32 < share


def moved_threshold(threshold: float, audited: Sequence[float], *, wanted: float) -> float:
    """The threshold after an audit found these Dice of accepted pre-fills against corrections.

    It rises by 0.01 where more than a tenth were below what is wanted, falls by 0.01 where fewer
    than a fiftieth were, never below what is wanted nor above 0.995, and stays where fewer than
    ten were audited.
    """
    if len(audited) < _LEAST:
        return threshold
    short = sum(not dice >= wanted for dice in audited) / len(audited)
    if short > 0.1:
        threshold += _STEP
    elif short < 0.02:
        threshold -= _STEP
    return min(max(threshold, wanted), _CEILING)
