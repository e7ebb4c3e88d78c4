"""Passwords: hashed with scrypt, and compared in the same time whether or not the name exists."""

from functools import cache

from werkzeug.security import check_password_hash, generate_password_hash

from hemline.errors import HemlineError

SHORTEST = 8
_LONGEST = 1000  # characters: hashing takes longer with each


class PasswordError(HemlineError):
    """A password that is too short to protect anything, or too long to be one."""


def hash_password(password: str) -> str:
    """The hash to store. Raises PasswordError if it has fewer than 8 characters."""
    if not SHORTEST <= len(password) <= _LONGEST:
        raise PasswordError(
            f"the password has {len(password)} characters; choose one of {SHORTEST} to {_LONGEST}"
        )
    return generate_password_hash(password)


def is_password(password: str, password_hash: str | None) -> bool:
    """Whether the password is the one of the hash. None: of nobody, which takes as long."""
    if len(password) > _LONGEST:
        return False
    right = check_password_hash(password_hash or _nobodys_hash(), password)
    return right and password_hash is not None


@cache
def _nobodys_hash() -> str:
    return generate_password_hash("of nobody")
