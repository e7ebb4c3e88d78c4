"""Memory that a training keeps instead of giving it back to the system at every step."""

import ctypes
import sys

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX = -1, -2, -4  # malloc.h of the GNU C library
_PAD_BYTES = 64 * 2**20
_NEVER = 2**31 - 1


def keep_memory() -> bool:
    """Tells the C library's malloc to keep what is freed; true if it is one that can be told.

    A training step on a CPU frees and asks for the same hundreds of megabytes: with the default
    each is mapped anew and its pages are cleared by the kernel, which costs a quarter of the step
    (docs/log.md has the figures). The process stays as large as its largest step: for trainings
    alone, which are processes of their own, and not for a server.
    """
    if not sys.platform.startswith("linux"):
        return False
    library = ctypes.CDLL(None)
    if not hasattr(library, "gnu_get_libc_version"):
        return False
    values = {_MMAP_MAX: 0, _TRIM_THRESHOLD: _NEVER, _TOP_PAD: _PAD_BYTES}
    done = [library.mallopt(key, value) == 1 for key, value in values.items()]
    return all(done)
