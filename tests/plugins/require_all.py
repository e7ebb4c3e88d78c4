"""Where everything is installed, a skip is a failure: HEMLINE_TEST_REQUIRE_ALL=1 makes it one.

Tests marked `gpu` may still skip, since few machines have one, those marked `mount`, since few
containers may, and those marked `shared` where there is no folder ../shared, since its photos are
not ours to pass on.
"""

import os
from collections.abc import Generator

import pytest

from tests.plugins.shared import SHARED


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and not _may_skip(item):
        reason = call.excinfo.value if call.excinfo else "no reason given"
        report.outcome = "failed"
        report.longrepr = f"skipped where nothing may skip: {reason}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if report.skipped and _requires_all():
        report.outcome = "failed"
        report.longrepr = f"{collector.nodeid} skipped as a whole where nothing may skip"
    return report


def _may_skip(item: pytest.Item) -> bool:
    if not _requires_all() or any(map(item.get_closest_marker, ("gpu", "mount"))):
        return True
    return item.get_closest_marker("shared") is not None and not SHARED.is_dir()


def _requires_all() -> bool:
    return os.environ.get("HEMLINE_TEST_REQUIRE_ALL") == "1"
