"""A real Label Studio for tests: started once a session, from a data folder that is kept."""

import fcntl
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from hemline.errors import HemlineError
from hemline.labelstudio.server import Account, LabelStudioServer, find_executable
from hemline.system.ports import pick_free_port
from tests.plugins.label_studio_user import LabelStudioUser

ACCOUNT = Account(email="test@hemline.local", password="for-tests-only", token="7e57" * 10)


@pytest.fixture(scope="session")
def label_studio_data(pytestconfig: pytest.Config) -> Path:
    """A data folder of Label Studio after its first start, to copy: it has ACCOUNT and no more."""
    try:
        executable = find_executable()
    except HemlineError as error:
        pytest.skip(str(error))
    return _template(pytestconfig, executable)


@pytest.fixture(scope="session")
def label_studio(
    label_studio_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LabelStudioServer]:
    """A running Label Studio, one a test process, with an account and no projects.

    Its files root is `server.files_root`. Tests make projects of their own in it.
    """
    folder = tmp_path_factory.mktemp("label-studio")
    data = folder / "data"
    shutil.copytree(label_studio_data, data)
    server = LabelStudioServer(
        data, port=pick_free_port(), account=ACCOUNT, files_root=folder / "files"
    )
    with server:
        yield server


@pytest.fixture
def ls_client(label_studio: LabelStudioServer) -> Iterator[LabelStudioUser]:
    """A client of the test account, with its legacy token."""
    with LabelStudioUser(label_studio.url, ACCOUNT.token) as client:
        yield client


def _template(config: pytest.Config, executable: Path) -> Path:
    """A data folder after a first start: the minute of migrations is spent once a machine."""
    found = executable.parent.parent.glob("lib/python*/site-packages/label_studio-[0-9]*.dist-info")
    version = next((path.name.removesuffix(".dist-info") for path in found), "label_studio")
    folder = config.cache.mkdir("hemline-label-studio")
    template = folder / version
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not template.exists():
            making = folder / f"{version}.making"
            shutil.rmtree(making, ignore_errors=True)
            with LabelStudioServer(
                making, port=pick_free_port(), account=ACCOUNT, files_root=making / "files"
            ):
                pass
            making.rename(template)
    return template
