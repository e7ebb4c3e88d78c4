"""Memory that is kept: in a process of its own, as it cannot be taken back."""

import subprocess
import sys

import pytest

PROGRAM = """
import ctypes, resource
from hemline.segmentation.training.memory import keep_memory
kept = keep_memory()
malloc, free = ctypes.CDLL(None).malloc, ctypes.CDLL(None).free
malloc.restype, malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
free.argtypes = [ctypes.c_void_p]
def touch():
    block = malloc(64 * 2**20)
    ctypes.memset(block, 1, 64 * 2**20)
    free(block)
touch()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(5):
    touch()
print(kept, resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the GNU C library is Linux's")
def test_pages_are_not_cleared_again():
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    kept, faults = run.stdout.split()
    if kept == "False":
        pytest.skip("another C library")
    assert int(faults) < 1000  # 64 MiB are 16,384 pages
