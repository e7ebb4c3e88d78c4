"""Whether this machine's CPU multiplies int8 faster than fp32."""

from functools import lru_cache
from pathlib import Path

CPU_FACTS = Path("/proc/cpuinfo")
# Intel's and AMD's dot products of int8, then ARM's. Without them int8 takes as long as fp32
# (docs/log.md, "int8 for the starter after all"), and costs Dice.
_NAMES = frozenset({"avx512_vnni", "avx_vnni", "amx_int8", "asimddp", "i8mm"})


@lru_cache(maxsize=1)
def has_int8_instructions() -> bool:
    """True as well where the system does not say, as on macOS."""
    try:
        text = CPU_FACTS.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return True
    listed = [
        set(line.partition(":")[2].split())
        for line in text.splitlines()
        if line.lower().startswith(("flags", "features"))
    ]
    return not listed or all(names & _NAMES for names in listed)
