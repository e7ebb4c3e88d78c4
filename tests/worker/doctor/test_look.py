"""One check within its time: it ends, whatever it does, and its words hold no secret."""

import threading
from collections.abc import Iterator

from hemline.errors import StoreError, StoreUnavailable
from hemline.redaction import keep_secret
from worker.doctor.diagnosis import Diagnosis, Mark, fault, healthy, of_sentence, skipped, warning
from worker.doctor.look import look


def test_a_check_that_hangs_is_left_behind() -> None:
    released = threading.Event()

    def hang() -> Iterator[Diagnosis]:
        released.wait(60)
        yield healthy("disk", "free")

    lines = look("disk", hang, way_out="look after it", limit_s=0.05)
    released.set()
    assert lines == [fault("disk", "no answer within 0.05 s", "look after it")]


def test_what_a_check_found_before_it_broke_is_kept() -> None:
    def half() -> Iterator[Diagnosis]:
        yield healthy("disk", "free")
        raise RuntimeError("no\nmore https://me:pass@host/")

    lines = look("disk", half, way_out="look after it")
    assert lines == [
        healthy("disk", "free"),
        fault("disk", "RuntimeError: no more https://***@host/", "look after it"),
    ]


def _refused(error: Exception) -> Diagnosis:
    raise error


def test_an_error_names_its_own_way_out() -> None:
    def broken() -> Iterator[Diagnosis]:
        yield _refused(StoreError("it is behind; run `hemline migrate`"))

    def away() -> Iterator[Diagnosis]:
        yield _refused(StoreUnavailable("it is away", retry_after_s=1))

    assert look("a", broken, way_out="b") == [fault("a", "it is behind", "run `hemline migrate`")]
    assert look("a", away, way_out="b") == [fault("a", "it is away", "b")]


def test_a_check_waits_for_what_it_needs() -> None:
    def never() -> Iterator[Diagnosis]:
        raise AssertionError

    for broken in (fault("first", "x", "y"), skipped("first", "x")):
        (line,) = look("second", never, way_out="z", needs=[healthy("none", ""), broken])
        assert line == skipped("second", "because of 'first'")
    well = [healthy("first", "x"), warning("first", "x", "y")]
    assert look("second", lambda: well, way_out="z", needs=well) == well


def test_known_secrets_are_hidden() -> None:
    keep_secret(["swordfish-of-doctor"])
    (line,) = look("a", lambda: [warning("a", "swordfish-of-doctor", "b")], way_out="b")
    assert line.found == "***"


def test_a_sentence_is_parted_at_its_last_semicolon() -> None:
    line = of_sentence("a", "one; two; three", "z", Mark.WARNING)
    assert (line.found, line.way_out, str(line)) == ("one; two", "three", "one; two; three")
