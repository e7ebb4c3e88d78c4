"""The installer: it goes on where it stopped, and says in one sentence what stops it."""

import importlib.util
import os
import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest

from scripts import bootstrap

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """An empty checkout with locks, and installers that only note what they were told."""
    for name in (
        "requirements.lock",
        "requirements-dev.lock",
        "requirements-tools.lock",
        "requirements-labelstudio.lock",
        "pyproject.toml",
    ):
        (tmp_path / name).write_text(f"content of {name}\n")
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap, "HEMLINE", tmp_path / ".venv")
    monkeypatch.setattr(bootstrap, "LABEL_STUDIO", tmp_path / ".labelstudio" / "venv")
    needed = {tmp_path / ".venv": 9.5, tmp_path / ".labelstudio" / "venv": 1.2}
    monkeypatch.setattr(bootstrap, "NEEDED_GB", needed)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, 100e9))
    monkeypatch.setattr(bootstrap, "make_environment", _fake_environment)
    return tmp_path


@pytest.fixture
def installed(monkeypatch):
    """What was installed: (environment, last argument) in order."""
    calls = []
    monkeypatch.setattr(
        bootstrap,
        "install_packages",
        lambda environment, what: calls.append((environment.name, Path(what[-1]).name)),
    )
    return calls


def _fake_environment(environment: Path) -> None:
    shutil.rmtree(environment, ignore_errors=True)
    (environment / "bin").mkdir(parents=True, exist_ok=True)
    (environment / "bin" / "python").write_text("")
    (environment / "bin" / "pip").write_text(f"#!{environment}/bin/python\n")


def test_a_second_run_does_nothing(checkout, installed, capsys):
    assert bootstrap.main([]) == 0
    assert installed == [
        (".venv", "requirements-tools.lock"),
        (".venv", "requirements.lock"),
        (".venv", checkout.name),
        ("venv", "requirements-labelstudio.lock"),
    ]
    installed.clear()
    capsys.readouterr()
    assert bootstrap.main([]) == 0
    assert installed == []
    assert capsys.readouterr().out == ""


def test_a_changed_lock_is_installed_again_and_nothing_else(checkout, installed):
    bootstrap.main([])
    installed.clear()
    (checkout / "requirements.lock").write_text("another\n")
    bootstrap.main([])
    assert installed == [(".venv", "requirements.lock")]


def test_an_interrupted_step_is_done_again_and_finished_ones_are_not(checkout, monkeypatch, capsys):
    calls = []

    def install(environment: Path, what: list[str]) -> None:
        calls.append(Path(what[-1]).name)
        if calls == ["requirements-tools.lock", "requirements.lock"]:
            raise KeyboardInterrupt

    monkeypatch.setattr(bootstrap, "install_packages", install)
    assert bootstrap.main(["--only", "hemline"]) == 130
    assert "run the same command again" in capsys.readouterr().err
    calls.clear()
    calls.append("second run")
    assert bootstrap.main(["--only", "hemline"]) == 0
    assert calls == ["second run", "requirements.lock", checkout.name]


def test_a_demo_after_the_tests_keeps_the_test_tools(checkout, installed):
    bootstrap.main(["--dev"])
    assert (".venv", "requirements-dev.lock") in installed
    installed.clear()
    bootstrap.main([])
    assert installed == []


def test_a_moved_checkout_gets_new_environments(checkout, installed):
    bootstrap.main(["--only", "hemline"])
    installed.clear()
    (checkout / ".venv" / "bin" / "pip").write_text("#!/where/it/was/.venv/bin/python\n")
    bootstrap.main(["--only", "hemline"])
    assert len(installed) == 3


@pytest.mark.parametrize("link", [".venv", ".labelstudio"])
def test_another_checkout_s_environment_is_left_as_it_is(
    checkout, installed, tmp_path_factory, link
):
    """As in a git worktree: to clear it would break every checkout that shares it."""
    other = tmp_path_factory.mktemp("other")
    (other / "scripts").mkdir()
    (other / "scripts" / "bootstrap.py").write_text("")
    elsewhere = other / link
    elsewhere.mkdir()
    (elsewhere / "kept").write_text("")
    (checkout / link).symlink_to(elsewhere)
    assert bootstrap.main(["--dev"]) == 0
    assert {name for name, _ in installed} == {{".venv": "venv", ".labelstudio": ".venv"}[link]}
    assert [path.name for path in elsewhere.iterdir()] == ["kept"]


def test_a_link_to_a_larger_disk_is_installed_into(checkout, installed, tmp_path_factory):
    (checkout / ".venv").symlink_to(tmp_path_factory.mktemp("disk"))
    bootstrap.main(["--only", "hemline"])
    assert len(installed) == 3


def test_only_label_studio(checkout, installed):
    bootstrap.main(["--only", "labelstudio"])
    assert installed == [("venv", "requirements-labelstudio.lock")]
    assert not (checkout / ".venv").exists()


def test_too_little_disk_is_said_before_anything_is_made(checkout, installed, monkeypatch, capsys):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, 3.2e9))
    assert bootstrap.main([]) == 1
    assert (
        f"{checkout} has 3.2 GB free and the installation needs 10.7 GB" in capsys.readouterr().err
    )
    assert installed == []


def test_two_at_once_are_refused(checkout, installed, capsys):
    with bootstrap.only_one_at_a_time():
        assert bootstrap.main([]) == 1
    assert "Another installation is running" in capsys.readouterr().err
    assert bootstrap.main([]) == 0


@pytest.mark.parametrize("version", [(3, 9), (3, 13)])
def test_a_python_that_is_too_old_or_too_new_names_the_way_out(monkeypatch, capsys, version):
    monkeypatch.setattr(sys, "version_info", (*version, 0))
    monkeypatch.setattr(bootstrap, "find_python", lambda: None)
    assert bootstrap.main([]) == 1
    error = capsys.readouterr().err
    assert f"is {version[0]}.{version[1]}" in error
    assert "apt-get install python3-venv" in error


def test_another_python_that_will_do_is_taken(monkeypatch):
    class Replaced(Exception):
        pass

    def execv(path: str, arguments: list[str]) -> None:
        raise Replaced(path, arguments)

    monkeypatch.setattr(sys, "version_info", (3, 9, 0))
    monkeypatch.setattr(sys, "argv", ["bootstrap.py", "--dev"])
    monkeypatch.setattr(bootstrap, "find_python", lambda: "/usr/bin/python3.12")
    monkeypatch.setattr(os, "execv", execv)
    with pytest.raises(Replaced) as replaced:
        bootstrap.main(["--dev"])
    assert replaced.value.args == (
        "/usr/bin/python3.12",
        ["/usr/bin/python3.12", "bootstrap.py", "--dev"],
    )


def test_a_missing_venv_module_names_its_package(monkeypatch, capsys):
    monkeypatch.setattr(sys, "version_info", (3, 11, 2))
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name: None if name == "ensurepip" else find_spec(name),
    )
    assert bootstrap.main([]) == 1
    assert "apt-get install python3.11-venv" in capsys.readouterr().err


def test_a_shim_that_runs_nothing_is_not_taken(tmp_path):
    shim = tmp_path / "python3.12"
    shim.write_text("#!/bin/sh\necho 'version 3.12 is not installed' >&2\nexit 127\n")
    shim.chmod(0o755)
    assert not bootstrap.is_supported(str(shim))
    assert bootstrap.is_supported(sys.executable)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (
            "ERROR: No matching distribution found for alembic==1.18.4",
            "alembic==1.18.4 could not be downloaded: check the network",
        ),
        (
            "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError': "
            "url: /simple/flask/",
            "flask could not be downloaded",
        ),
        (
            "ERROR: HTTPSConnectionPool(host='x'): Max retries exceeded with url: "
            "/packages/ab/torch-2.15.0-cp311-cp311-manylinux_2_28_x86_64.whl",
            "torch-2.15.0 could not be downloaded",
        ),
        (
            "ERROR: Could not install packages: OSError: [Errno 28] No space left on device",
            "The disk is full",
        ),
        (
            "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.",
            "A package arrived damaged or changed",
        ),
        ("error: metadata-generation-failed", "The installation failed, see above"),
    ],
)
def test_a_failure_is_one_sentence(line, sentence):
    explained = bootstrap.explain_failure(["Collecting things", line])
    assert explained.startswith(sentence)
    assert "\n" not in explained


def test_pip_takes_over_where_uv_fails(monkeypatch, tmp_path):
    commands = []

    def run(command: list[str]) -> tuple[bool, list[str]]:
        commands.append(command)
        return command[0] == "/bin/uv", []

    monkeypatch.setattr(bootstrap, "find_uv", lambda: "/bin/uv")
    monkeypatch.setattr(bootstrap, "run_visibly", run)
    bootstrap.install_packages(tmp_path, ["--requirement", "x.lock"])
    assert [command[0] for command in commands] == ["/bin/uv", f"{tmp_path}/bin/python"]
    assert commands[1][-2:] == ["--requirement", "x.lock"]


def test_output_is_shown_as_it_comes_and_the_end_is_kept(capsys):
    program = "print('one'); print('two'); raise SystemExit(3)"
    failed, lines = bootstrap.run_visibly([sys.executable, "-c", program])
    assert failed
    assert lines == ["one", "two"]
    assert capsys.readouterr().out.split() == ["one", "two"]


def test_it_needs_nothing_but_the_standard_library():
    """It runs before anything is installed: -I -S leaves site-packages out."""
    script = Path(bootstrap.__file__)
    result = subprocess.run(
        [sys.executable, "-I", "-S", str(script), "--help"], capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr


@pytest.mark.slow
def test_a_real_environment_is_made_once_and_found_usable(tmp_path):
    environment = tmp_path / "venv"
    assert not bootstrap.is_usable(environment)
    bootstrap.make_environment(environment)
    assert bootstrap.is_usable(environment)
