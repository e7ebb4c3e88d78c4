"""What a test logged, made fit for a report: xdist sends reports as UTF-8, and a process that
cannot send one counts as crashed."""

from collections.abc import Generator

import pytest

from hemline.quoting import writable


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    report.sections = [(name, writable(text)) for name, text in report.sections]
    return report
