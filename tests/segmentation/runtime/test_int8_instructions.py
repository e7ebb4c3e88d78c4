"""Which CPUs are faster in int8."""

import pytest

from hemline.segmentation.runtime import int8_instructions
from hemline.segmentation.runtime.int8_instructions import has_int8_instructions


@pytest.fixture(autouse=True)
def forgotten():
    has_int8_instructions.cache_clear()
    yield
    has_int8_instructions.cache_clear()


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ("processor : 0\nflags\t\t: fpu avx avx2 fma\n", False),
        ("processor : 0\nflags\t\t: fpu avx2 avx512f avx512_vnni\n", True),
        ("flags : avx2 avx_vnni\n\nflags : avx2 avx_vnni\n", True),
        ("flags : avx2 avx_vnni\n\nflags : avx2\n", False),  # on one core only
        ("processor\t: 0\nFeatures\t: fp asimd aes asimddp\n", True),
        ("processor\t: 0\nFeatures\t: fp asimd aes\n", False),
        ("cpu : POWER9\n", True),  # it does not say
    ],
)
def test_the_system_says_what_the_cpu_can(facts, expected, tmp_path, monkeypatch):
    path = tmp_path / "cpuinfo"
    path.write_text(facts, encoding="utf-8")
    monkeypatch.setattr(int8_instructions, "CPU_FACTS", path)
    assert has_int8_instructions() == expected


def test_a_system_without_such_a_file(tmp_path, monkeypatch):
    monkeypatch.setattr(int8_instructions, "CPU_FACTS", tmp_path / "none")
    assert has_int8_instructions()
