"""What every test may use."""

import os

from hypothesis import settings

# A conversion takes seconds; the tests of OpenVINO ask for it by name.
os.environ.setdefault("HEMLINE_RUNTIME", "torch")

pytest_plugins = [
    "tests.plugins.shared",  # before require_all, which imports it
    "tests.plugins.require_all",
    "tests.plugins.writable_reports",
    "tests.plugins.databases",
    "tests.plugins.s3",
    "tests.plugins.label_studio",
    "tests.plugins.chromium",
    "tests.plugins.other_clock",
    "tests.plugins.helm",
]

# A deadline is an assertion on time, which a busy machine fails.
settings.register_profile("hemline", deadline=None)
settings.load_profile("hemline")
