"""The command line: what a person sees when things go wrong, and that it starts quickly."""

import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
import typer

from hemline import __version__, cli
from hemline.errors import ImageError

HEAVY = ("torch", "cv2", "sqlalchemy", "celery", "flask", "skimage", "sklearn", "scipy", "pydantic")

faulty = typer.Typer()


@faulty.command()
def missing_photo() -> None:
    raise ImageError("image 'x.jpg' is empty; send it again")


@faulty.command()
def interrupted() -> None:
    raise KeyboardInterrupt


@faulty.command()
def broken() -> None:
    raise ZeroDivisionError


@faulty.command()
def full_disk() -> None:
    raise OSError(28, "No space left on device", "runs/1/model.safetensors")


@faulty.command()
def fault_of_ours() -> None:
    Path("/nothere/at/all").read_bytes()


@pytest.fixture
def run(monkeypatch):
    """Runs `hemline ARGUMENTS` with the commands above and returns the exit code."""
    entry = EntryPoint("faulty", "tests.test_cli:faulty", cli.COMMANDS_GROUP)
    monkeypatch.setattr(EntryPoint, "load", lambda _: faulty)
    monkeypatch.setattr(cli, "entry_points", lambda group: [entry])

    def run(*arguments: str) -> int:
        monkeypatch.setattr(sys, "argv", ["hemline", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert isinstance(ended.value.code, int)
        return ended.value.code

    return run


def test_an_error_for_people_is_one_sentence_and_exit_code_1(run, capsys):
    assert run("missing-photo") == 1
    output = capsys.readouterr()
    assert output.err == "image 'x.jpg' is empty; send it again\n"
    assert output.out == ""


def test_what_the_machine_refuses_is_one_sentence_too(run, capsys):
    assert run("full-disk") == 1
    said = "'runs/1/model.safetensors' cannot be used (No space left on device); make room on the "
    assert capsys.readouterr().err.startswith(said)
    with pytest.raises(FileNotFoundError):
        run("fault-of-ours")


def test_ctrl_c_ends_with_130(run, capsys):
    assert run("interrupted") == 130
    assert "Traceback" not in capsys.readouterr().err


def test_a_wrong_option_ends_with_2(run, capsys):
    assert run("missing-photo", "--nonsense") == 2
    assert "--nonsense" in capsys.readouterr().err


def test_our_own_faults_keep_their_stack_trace(run, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["hemline", "broken"])
    with pytest.raises(ZeroDivisionError):
        cli.main()


def test_version(run, capsys):
    assert run("--version") == 0
    assert capsys.readouterr().out == f"hemline {__version__}\n"


def test_every_package_brings_its_commands():
    commands = {command.name for command in typer.main.get_group(cli.build_app()).commands.values()}
    assert {"backend", "connect", "demo", "migrate", "models", "retrain", "worker"} <= commands


def test_help_loads_nothing_heavy():
    """Seconds would pass before the help came; what a command needs it imports when it runs."""
    program = (
        "import sys; from hemline.cli import build_app; import typer; "
        "typer.main.get_command(build_app()); "
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert loaded.stdout == "[]\n", loaded.stdout + loaded.stderr
