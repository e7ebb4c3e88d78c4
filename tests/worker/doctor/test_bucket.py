"""A bucket of artifacts: tried with a few bytes, and what keeps them out is said."""

from collections.abc import Callable

import pytest

from tests.plugins.s3 import S3Storage, answers
from tests.worker.doctor.conftest import Lines
from worker.services import Services


def test_a_bucket_is_written_and_read(
    installation: Services,
    doctor: Callable[..., Lines],
    s3: S3Storage,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HEMLINE_ARTIFACT_URL", s3.url)
    assert doctor()["artifacts"] == ("ok", f"'{s3.url}' can be read and written;")
    assert [each.partition(" ")[0] for each in s3.requests].count("PUT") == 1
    assert s3.names() == []
    s3.fault = answers("403 Forbidden", "AccessDenied")
    mark, sentence = doctor()["artifacts"]
    assert mark == "fault"
    assert "the credentials for it" in sentence
