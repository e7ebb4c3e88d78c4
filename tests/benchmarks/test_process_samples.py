"""Samples of processes: whose they are, and what grows."""

import subprocess
import sys
import time

from benchmarks.serving.process_samples import MIB, ProcessSample, ProcessSampler, growth_rows

# Opens a file and takes 4 MiB, again and again, in a child of the process that is looked for.
_LEAKS = """
import os, sys, time
if os.fork() == 0:
    held = []
    while os.getppid() != 1:
        held.append((open("/dev/null"), bytearray(os.urandom(4 * 2**20))))
        time.sleep(0.05)
    os._exit(0)
sys.stdin.read()
"""


def test_a_process_that_leaks_is_seen_with_the_children_it_has() -> None:
    leaks = subprocess.Popen([sys.executable, "-c", _LEAKS, "a leak"], stdin=subprocess.PIPE)
    try:
        with ProcessSampler({"leak": "a leak", "none": "no such sign"}, 0.1) as sampler:
            time.sleep(3)
    finally:
        leaks.kill()
        leaks.communicate()
    first, *_, last = sampler.samples["leak"]
    assert last.processes == 2
    assert last.resident - first.resident > 8 * MIB
    assert last.files > first.files
    assert sampler.samples["none"] == []


def test_growth_is_told_by_the_hour_once_all_has_settled() -> None:
    samples = [
        ProcessSample(at, (100 + (0 if at < 900 else at // 36)) * MIB, 20 + (at < 900), 1)
        for at in range(0, 3601, 60)
    ]
    ((row),) = growth_rows({"backend": samples})
    assert row == "| backend | 1 | 125 | 200 | +100.0 | 20 | 20 | +0.0 |"


def test_too_few_samples_are_no_line() -> None:
    (row,) = growth_rows({"backend": [ProcessSample(0, MIB, 1, 1)] * 3})
    assert "3 samples are too few" in row
