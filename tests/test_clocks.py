"""What is compared with a stored time goes by the database's clock, not by the host's."""

import ast
from pathlib import Path

from tests.test_architecture import tracked

ROOT = Path(__file__).parents[1]
PACKAGES = ("hemline", "worker", "backend", "active_learning")
CALLS = {
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("datetime", "today"),
    ("date", "today"),
    ("time", "time"),
    ("time", "time_ns"),
    ("time", "localtime"),
    ("time", "gmtime"),
}
# Where a host's own clock is read, how often, and why that is harmless.
ALLOWED = {
    "hemline/store/database/columns.py": (1, "utcnow itself"),
    "hemline/store/database/clock.py": (2, "SQLite's clock is that of its one machine"),
    "hemline/store/database/artifact_root.py": (1, "the age of a temporary file of this disk"),
    "hemline/store/database/artifacts.py": (1, "objects that nothing names rest for a day"),
    "hemline/disk_cache.py": (2, "the age of files that this host keeps for itself"),
    "worker/pruning/folders.py": (1, "the age of files of this host, in days"),
    "worker/pruning/caches.py": (1, "the age of files of this host, in days"),
    "worker/host/embedded_redis.py": (1, "the name of a folder"),
    "worker/doctor/clock.py": (2, "it is what is looked at"),
    "hemline/labelstudio/probe.py": (2, "it is what is looked at"),
    "hemline/telemetry/open_telemetry.py": (1, "the start and end of a span, for a collector"),
    "hemline/labelstudio/not_now.py": (1, "an HTTP date of Label Studio's, with a longest wait"),
    "hemline/export/check_command.py": (1, "the day, for channels' rules that begin on one"),
    "hemline/export/channel_check.py": (1, "the day, for channels' rules that begin on one"),
    "hemline/export/formats/published.py": (1, "the day, for channels' rules that begin on one"),
    "backend/protocol/webhook.py": (1, "what is told twice is worked on twice, to the same end"),
    "backend/serving/clicks/memory.py": (2, "seconds in one process; drafts are Label Studio's"),
    "backend/dashboard/words.py": (1, "words for people: how long ago"),
    "backend/dashboard/zip_stream.py": (1, "the date of a file in an archive, for people"),
}


def test_each_use_of_a_host_s_clock_has_a_reason() -> None:
    uses = {
        str(path.relative_to(ROOT)): count
        for path in tracked(*(f"{package}/*.py" for package in PACKAGES))
        if (count := uses_of_the_clock(ast.parse(path.read_text(encoding="utf-8"))))
    }
    assert uses == {path: count for path, (count, _) in ALLOWED.items()}, (
        "compare stored times with hemline.store.database.clock, or say here why not"
    )


def test_uses_are_found() -> None:
    code = """
from datetime import date, datetime
import datetime as dt, time
time.time(); datetime.now(UTC); dt.datetime.now(); date.today(); utcnow(); field(default=utcnow)
time.monotonic(); self.now(); database_now(session)
"""
    assert uses_of_the_clock(ast.parse(code)) == 6


def uses_of_the_clock(tree: ast.AST) -> int:
    return sum(_is_use(node) for node in ast.walk(tree))


def _is_use(node: ast.AST) -> bool:
    if isinstance(node, ast.Name):
        return node.id == "utcnow"
    if not isinstance(node, ast.Attribute):
        return False
    of = node.value.attr if isinstance(node.value, ast.Attribute) else ""
    of = node.value.id if isinstance(node.value, ast.Name) else of
    return (of, node.attr) in CALLS
