"""Makes the virtual environments from the locks: Hemline's in .venv, Label Studio's beside it.

Only the standard library, since it runs before anything is installed. It may be interrupted and
run again: a step is noted when it is done, and a step that is done takes no time. Even Python 3.7
can read this file, so that a Python that is too old gets a sentence and not a stack trace.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEMLINE = ROOT / ".venv"
LABEL_STUDIO = ROOT / ".labelstudio" / "venv"
PYTHONS = ((3, 12), (3, 11))

# Measured on Debian 12, x86-64: what is installed, and room for the downloads on their way.
NEEDED_GB = {HEMLINE: 9.5, LABEL_STUDIO: 1.2}


class BootstrapError(Exception):
    """What stops the installation: one sentence with the way out."""


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse_arguments(arguments)
    try:
        use_supported_python()
        with only_one_at_a_time():
            install(options.only, dev=options.dev)
    except BootstrapError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted; run the same command again to continue from here.", file=sys.stderr)
        return 130
    return 0


def parse_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--dev", action="store_true", help="with what tests and checks need")
    parser.add_argument("--only", choices=["hemline", "labelstudio"], help="only one environment")
    return parser.parse_args(arguments)


def install(only: str | None, *, dev: bool) -> None:
    """Brings the environments to their locks. Raises BootstrapError if it cannot."""
    steps = [] if only == "labelstudio" else hemline_steps(dev)
    if only != "hemline":
        steps.append(Step(LABEL_STUDIO, "Label Studio", ROOT / "requirements-labelstudio.lock"))
    steps = [step for step in steps if not is_lent(step.environment) and not step.is_done()]
    check_disk(ROOT, {step.environment for step in steps})
    for number, step in enumerate(steps, start=1):
        print(f"[{number}/{len(steps)}] Installing {step.title}", flush=True)
        step.run()


def hemline_steps(dev: bool) -> list[Step]:
    """What .venv is made of, in order. The development lock holds all that the other one does."""
    packages = Step(HEMLINE, "Hemline's packages (3 GB)", ROOT / "requirements.lock")
    with_tests = Step(HEMLINE, "packages and test tools (3 GB)", ROOT / "requirements-dev.lock")
    return [
        Step(HEMLINE, "the installer", ROOT / "requirements-tools.lock"),
        with_tests if dev or with_tests.is_done() else packages,
        Step(HEMLINE, "Hemline itself", ROOT / "pyproject.toml"),
    ]


class Step:
    """The installation of one source, a lock or pyproject.toml, into one environment."""

    def __init__(self, environment: Path, title: str, source: Path) -> None:
        self.environment = environment
        self.title = title
        self._source = source
        self._stamp = environment / "bootstrap" / source.name

    def is_done(self) -> bool:
        try:
            return is_usable(self.environment) and self._stamp.read_text() == self._digest()
        except OSError:
            return False

    def run(self) -> None:
        if not is_usable(self.environment):
            make_environment(self.environment)
        if self._source.name == "pyproject.toml":
            what = ["--no-build-isolation", "--no-deps", "--editable", str(ROOT)]
        else:
            what = ["--require-hashes", "--requirement", str(self._source)]
        install_packages(self.environment, what)
        self._stamp.parent.mkdir(exist_ok=True)
        self._stamp.write_text(self._digest())

    def _digest(self) -> str:
        return hashlib.sha256(self._source.read_bytes()).hexdigest()


def is_lent(environment: Path) -> bool:
    """Whether it is a link to another checkout's, which is that one's to install and to clear."""
    owners = environment.resolve().parents
    return ROOT.resolve() not in owners and any(
        (owner / "scripts" / Path(__file__).name).exists() for owner in owners
    )


def is_usable(environment: Path) -> bool:
    """Whether it was made whole, in this place, by a Python that is still there."""
    try:
        shebang = (environment / "bin" / "pip").read_text().partition("\n")[0]
    except OSError:
        return False
    return str(environment) in shebang and (environment / "bin" / "python").exists()


def make_environment(environment: Path) -> None:
    made = subprocess.run(
        [sys.executable, "-m", "venv", "--clear", str(environment)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if made.returncode != 0:
        reason = (made.stdout.strip().splitlines() or ["no reason given"])[-1]
        raise BootstrapError(f"The virtual environment {environment} cannot be made: {reason}")


def install_packages(environment: Path, what: Sequence[str]) -> None:
    """Installs with uv where it is there, several times quicker; with pip where it is not or fails.

    Raises:
        BootstrapError: neither could.
    """
    python = str(environment / "bin" / "python")
    uv = find_uv()
    if uv is not None:
        # As pip does by itself: without it, a program's first import of torch takes half a minute.
        install = [uv, "pip", "install", "--compile-bytecode", "--python", python]
        failed, _ = run_visibly([*install, *what])
        if not failed:
            return
        print("uv could not install them; trying again with pip.", flush=True)
    pip = [python, "-m", "pip", "--disable-pip-version-check", "--no-input", "install"]
    failed, lines = run_visibly([*pip, "--progress-bar", "off", *what])
    if failed:
        raise BootstrapError(explain_failure(lines))


def find_uv() -> str | None:
    ours = HEMLINE / "bin" / "uv"
    return str(ours) if ours.exists() else shutil.which("uv")


def run_visibly(command: Sequence[str]) -> tuple[bool, list[str]]:
    """Runs a command, shows its lines as they come, and returns (failed, the last lines)."""
    last: deque[str] = deque(maxlen=80)
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(f"      {line.rstrip()}", flush=True)
            last.append(line.strip())
    return process.returncode != 0, list(last)


def explain_failure(lines: Sequence[str]) -> str:
    """One sentence for a person from the last lines that an installer wrote."""
    text = "\n".join(lines)
    package = failed_package(text)
    if "No space left on device" in text:
        return (
            f"The disk is full: free some space where {ROOT}, the temporary folder and the "
            "download cache ~/.cache are, then run the same command again."
        )
    if "DO NOT MATCH THE HASHES" in text:
        return (
            f"{package or 'A package'} arrived damaged or changed: it does not match the lock; "
            "empty the cache with `pip cache purge` and run the same command again."
        )
    if package is None:
        return "The installation failed, see above; if it is the network, run the command again."
    return (
        f"{package} could not be downloaded: check the network (behind a mirror, set "
        "PIP_INDEX_URL), then run the same command again; finished downloads are kept."
    )


def failed_package(text: str) -> str | None:
    """The package that an installer's output blames for a download that failed, if it does."""
    for pattern in (
        r"No matching distribution found for ([^\s;]+)",
        r"url: \S*/simple/([^/\s]+)/",
        r"/([A-Za-z0-9_.]+-[0-9][^/\s-]*)[^/\s]*\.(?:whl|tar\.gz)",
    ):
        found = re.search(pattern, text)
        if found:
            return found.group(1)
    return None


def check_disk(folder: Path, environments: set[Path]) -> None:
    """Raises BootstrapError if the environments that are yet to be made cannot fit."""
    needed = sum(NEEDED_GB[item] for item in environments if not is_usable(item))
    free = shutil.disk_usage(str(folder)).free / 1e9
    if free < needed:
        raise BootstrapError(
            f"{folder} has {free:.1f} GB free and the installation needs {needed:.1f} GB: "
            "free some space, or move the folder to a larger disk, then run the same command again."
        )


@contextlib.contextmanager
def only_one_at_a_time() -> Iterator[None]:
    folder = os.open(str(ROOT), os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise BootstrapError(
            f"Another installation is running in {ROOT}: wait until it has ended, then try again."
        ) from None
    try:
        yield
    finally:
        os.close(folder)


def use_supported_python() -> None:
    """Goes on in this Python if it will do, else in another one that is installed.

    Raises:
        BootstrapError: there is none, or it cannot make virtual environments.
    """
    version = sys.version_info[:2]
    if version not in PYTHONS:
        other = find_python()
        if other is None:
            raise BootstrapError(
                f"Hemline needs Python 3.11 or 3.12, and {sys.executable} is {version[0]}."
                f"{version[1]}: install one, on Debian 12 with `apt-get install python3-venv`, "
                "elsewhere with `uv python install 3.12`."
            )
        os.execv(other, [other, *sys.argv])
    if any(importlib.util.find_spec(module) is None for module in ("venv", "ensurepip")):
        raise BootstrapError(
            f"{sys.executable} cannot make virtual environments: "
            f"run `apt-get install python{version[0]}.{version[1]}-venv` and try again."
        )


def find_python() -> str | None:
    """A Python 3.12 or 3.11 on the PATH, or one that uv keeps."""
    candidates = [shutil.which(f"python{major}.{minor}") for major, minor in PYTHONS]
    uv = shutil.which("uv")
    if uv is not None:
        found = subprocess.run(
            [uv, "python", "find", "--no-project", ">=3.11,<3.13"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        candidates.append(found.stdout.strip())
    return next((path for path in candidates if path and is_supported(path)), None)


def is_supported(python: str) -> bool:
    """Whether it runs: a version manager's shim exists for each version and runs only some."""
    program = "import sys; print(tuple(sys.version_info[:2]))"
    answer = subprocess.run(
        [python, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    return answer.returncode == 0 and answer.stdout.strip() in map(str, PYTHONS)


if __name__ == "__main__":
    sys.exit(main())
