"""The demo from an empty folder to pre-filled tasks, and from a used one to where it was."""

import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import NoReturn

from rich.console import Console
from rich.panel import Panel

from hemline.demo.admin import add_admin
from hemline.demo.checks import check_machine, only_one
from hemline.demo.environment import settings_environment, shell_exports
from hemline.demo.labels import LABELS, DemoLabels, outfits_of
from hemline.demo.photo_folder import DemoPhotoFolder, open_photo_folder
from hemline.demo.progress import DemoProgress
from hemline.demo.project import find_project, import_photos, see_first_prefilled
from hemline.demo.stack import Stack, stack_settings
from hemline.demo.state import DemoState, ProjectState, load_state, save_state
from hemline.errors import HemlineError
from hemline.files import write_atomically
from hemline.store.database.engine import Store
from hemline.studio.wardrobe.wardrobe import GarmentType
from hemline.system.child_process import ChildProcess

# With three views each, 20 corrections touch 7 garments at least, and gold is full with those.
_SAMPLE_GARMENTS = 40
_SAMPLE_VIEWS = 3
_WATCH_S = 0.5


def run_demo(
    home: Path,
    *,
    images: Path | None,
    labels: Sequence[str] = LABELS,
    label_studio_port: int | None,
    backend_port: int | None,
    console: Console,
) -> None:
    """Bring everything up, say what to do, and stay until Ctrl-C or SIGTERM.

    The project has these labels, and without `images` photos that are drawn to show them.

    Raises HemlineError in one sentence if anything is lacking or a program ends by itself; by then
    all processes have been ended.
    """
    home = home.expanduser().absolute()
    progress = DemoProgress(console)
    with _signals_as_interrupts(), only_one(home):
        state = _begin(home, label_studio_port, backend_port)
        files_root = home / "photos"
        chosen = open_photo_folder(images, files_root) if images is not None else None
        if chosen is not None and chosen.warning:
            console.print(chosen.warning, highlight=False, markup=False)
        settings = stack_settings(
            home,
            state.account,
            label_studio_port=state.label_studio_port,
            backend_port=state.backend_port,
            webhook_secret=state.webhook_secret,
        )
        exports = shell_exports(settings_environment(settings))
        write_atomically(home / "env", exports.encode())
        stack = Stack(settings, state.account)
        samples = _samples(files_root, outfits_of(labels))
        artist = _draw_samples(home, samples, outfits_of(labels)) if chosen is None else None
        is_ready = False
        try:
            with progress.step("Starting"):
                stack.start(on_wait=progress.tell)
                add_admin(settings, state.account)
            if artist is not None:
                with progress.step("Drawing sample photos"):
                    _wait_for_samples(artist, samples, progress)
            photos = chosen or open_photo_folder(samples / "images", files_root)
            project, said = _prepare_project(stack, home, state, photos, labels, progress)
            for line in said.in_words(drawn=chosen is None):
                console.print(line, highlight=False, markup=False, soft_wrap=True)
            console.print(_what_next(stack, project, photos, labels), highlight=False)
            is_ready = True
            _watch(stack)
        except KeyboardInterrupt:
            console.print("\nStopping Label Studio, the backend and the worker ...")
            if not is_ready:
                raise
        finally:
            with _undisturbed():
                if artist is not None:
                    artist.stop()
                stack.stop()


def _begin(home: Path, label_studio_port: int | None, backend_port: int | None) -> DemoState:
    """The state with the ports asked for, once the machine has what it takes."""
    path = home / "state.json"
    state = load_state(path)
    state = replace(
        state,
        label_studio_port=label_studio_port or state.label_studio_port,
        backend_port=backend_port or state.backend_port,
    )
    check_machine(home, label_studio_port=state.label_studio_port, backend_port=state.backend_port)
    save_state(path, state)
    return state


def _prepare_project(
    stack: Stack,
    home: Path,
    state: DemoState,
    photos: DemoPhotoFolder,
    labels: Sequence[str],
    progress: DemoProgress,
) -> tuple[ProjectState, DemoLabels]:
    """The project of the photos and labels: made, connected, filled and seen to be pre-filled."""
    title = photos.folder.name if photos.served.is_symlink() else "Hemline demo"
    key = str(photos.folder)
    if tuple(labels) != LABELS:
        title, key = f"{title}: {', '.join(labels)}", f"{key}: {','.join(labels)}"
    known = state.projects.get(key)
    with progress.step("Connecting the project"):
        project = find_project(stack.client, known, title, labels)
        state = state.with_project(key, project)
        save_state(home / "state.json", state)
        said = _labels_of(stack, project, labels)
        connection = stack.connect(project.project_id, first_model=said.has_model)
    if project.photos_digest != photos.digest:
        with progress.step(f"Importing {len(photos.photos)} photos"):
            import_photos(stack.client, project.project_id, photos)
        project = replace(project, photos_digest=photos.digest)
        save_state(home / "state.json", state.with_project(key, project))
    if not said.has_model:
        return project, said
    with progress.step("Pre-filling the first tasks"):
        see_first_prefilled(stack, project.project_id, progress.tell)
        if not connection.model_version:
            stack.connect(project.project_id)  # its model was not loaded yet; now it is
    return project, said


def _labels_of(stack: Stack, project: ProjectState, labels: Sequence[str]) -> DemoLabels:
    store = Store(stack.settings.database)
    try:
        return DemoLabels(store, project.project_id, labels)
    finally:
        store.dispose()


def _samples(files_root: Path, outfits: Sequence[GarmentType]) -> Path:
    return files_root / ("-".join(["outfits", *outfits]) if outfits else "samples")


def _draw_samples(home: Path, folder: Path, outfits: Sequence[GarmentType]) -> ChildProcess | None:
    """A process that draws the samples while Label Studio starts; None if they are there."""
    if (folder / "manifest.json").exists():
        return None
    command = [str(Path(sys.executable).with_name("hemline")), "studio", str(folder)]
    artist = ChildProcess(
        "drawing sample photos",
        [*command, "--garments", str(_SAMPLE_GARMENTS), "--outfits", ",".join(outfits)],
        log_path=home / "logs" / "studio.log",
    )
    artist.start()
    return artist


def _wait_for_samples(artist: ChildProcess, samples: Path, progress: DemoProgress) -> None:
    total = _SAMPLE_GARMENTS * _SAMPLE_VIEWS
    while artist.is_running():
        drawn = len(list((samples / "images").glob("*.jpg")))
        progress.tell(f"{drawn} of {total}")
        artist.wait(_WATCH_S)
    if artist.exit_code:
        raise HemlineError(
            f"{artist.name} ended with code {artist.exit_code}; the end of {artist.log_path} "
            f"says:\n{artist.log_tail()}"
        )


def _watch(stack: Stack) -> NoReturn:
    while True:
        stack.check()
        time.sleep(_WATCH_S)


def _what_next(
    stack: Stack, project: ProjectState, photos: DemoPhotoFolder, labels: Sequence[str]
) -> Panel:
    account = stack.account
    masked, it = ("garment masked", "it") if len(labels) == 1 else ("labels masked", "them")
    return Panel.fit(
        f"[bold]{stack.url}/projects/{project.project_id}[/bold]\n"
        f"email     {account.email}\n"
        f"password  {account.password}\n\n"
        "The dashboard shows how good the masks are, and why; log in with the\n"
        f"same email and password: [bold]{stack.backend_url}/dashboard[/bold]\n\n"
        f"{len(photos.photos)} photos from {photos.folder}\n\n"
        'Next: log in and press "Label All Tasks". Each photo opens with its\n'
        f"{masked}: correct {it} with brush and eraser, and submit. After\n"
        f"{stack.settings.retrain_after} corrections a model is trained from them; if it is "
        "better, it\nmasks the photos that are left.\n\n"
        "To follow along from another terminal:\n"
        f"  . {_short(stack.home / 'env')}; {_short(Path(sys.executable).with_name('hemline'))} "
        "status\n"
        f"Logs: {_short(stack.home / 'logs')}\n\n"
        "Ctrl-C ends everything; the next start keeps your work.",
        title="Hemline is ready",
    )


def _short(path: Path) -> str:
    """The path as one would type it here."""
    here = Path.cwd()
    return f"./{path.relative_to(here)}" if path.is_relative_to(here) else str(path)


@contextmanager
def _signals_as_interrupts() -> Iterator[None]:
    """SIGTERM, and the end of the terminal, do what Ctrl-C does. So does Ctrl-C where a shell began
    the demo in the background, whose programs ignore it."""

    def interrupt(number: int, frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    names = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {name: signal.signal(name, interrupt) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """A second Ctrl-C must not leave half of the processes behind."""
    names = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {name: signal.signal(name, signal.SIG_IGN) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
