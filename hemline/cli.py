"""The `hemline` command, put together from the `commands.py` of each package."""

import errno
import sys
from collections.abc import Sequence
from importlib.metadata import entry_points
from typing import Annotated, Any, NoReturn

import typer

from hemline import __version__
from hemline.errors import HemlineError, StoreUnavailable
from hemline.labelstudio.commands import LabelsInWords, keep_labels_with
from hemline.logs import redact_tracebacks
from hemline.segmentation.commands.model_choice import Versions, know_versions

COMMANDS_GROUP = "hemline.commands"

# What the machine says no to, wherever it does, and the way out.
_MACHINE = {
    errno.ENOSPC: "make room on the disk and run it again",
    errno.EDQUOT: "make room on the disk and run it again",
    errno.EROFS: "choose a place that you can write to",
    errno.EACCES: "choose another place, or change its permissions",
    errno.EPERM: "choose another place, or change its permissions",
    errno.EEXIST: "choose another name, or move what is there",
    errno.ENOTDIR: "choose another place, or move the file that is in the way",
    errno.EISDIR: "choose another name, or move the folder that is in the way",
    errno.ENAMETOOLONG: "shorten the name",
}


def main() -> None:
    """Run the command line.

    What a person can put right ends as one sentence and exit code 1, Ctrl-C as 130, a mistake on
    the command line as 2; anything else is a fault of ours and keeps its stack trace. A full disk
    and the like are the person's to put right, whichever file they strike first.
    """
    try:
        build_app()()
    except (HemlineError, StoreUnavailable) as error:
        _end(str(error))
    except OSError as error:
        if error.errno not in _MACHINE or error.filename is None:
            redact_tracebacks()
            raise
        _end(f"'{error.filename}' cannot be used ({error.strerror}); {_MACHINE[error.errno]}")
    except Exception:
        redact_tracebacks()
        raise


def build_app() -> typer.Typer:
    """The app with the commands of every package that is installed, at the top level."""
    app = typer.Typer(
        name="hemline",
        help="Pre-filled garment masks for Label Studio, retrained from every correction.",
        callback=_top_level,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    know_versions(_stored_models)
    keep_labels_with(_keep_labels)
    for entry in sorted(entry_points(group=COMMANDS_GROUP), key=lambda entry: entry.name):
        app.add_typer(entry.load())
    return app


def _stored_models() -> Versions:
    from hemline.stored_models import StoredModels  # most commands need no store

    return StoredModels()


def _keep_labels(
    project: dict[str, Any], options: Sequence[str], regions_per: str | None
) -> LabelsInWords:
    from hemline.prefill.connected_labels import keep_labels  # only `connect` needs it

    return keep_labels(project, options, regions_per)


def _end(sentence: str) -> NoReturn:
    typer.secho(sentence, fg=typer.colors.RED, err=True)
    sys.exit(1)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"hemline {__version__}")
        raise typer.Exit


def _top_level(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version and exit.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Options that stand before a command."""


if __name__ == "__main__":  # torchrun -m hemline.cli
    main()
