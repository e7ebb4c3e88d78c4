"""Models by file and by name."""

from pathlib import Path

import pytest

from hemline.errors import ModelError, StoreError
from hemline.segmentation.commands import model_choice
from hemline.segmentation.commands.model_choice import find_model
from hemline.segmentation.starter import starter_path


class _Versions:
    def names(self) -> list[str]:
        return ["hemline-1-v1", "hemline-1-v2"]

    def path_of(self, name: str) -> Path | None:
        return Path("/kept/v2") if name == "hemline-1-v2" else None


def test_a_model_is_a_file_the_starter_or_a_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_choice, "_open_versions", _Versions)
    file = tmp_path / "own.safetensors"
    file.touch()
    assert find_model(None) == find_model("starter") == starter_path()
    assert find_model(str(file)) == file
    assert find_model("hemline-1-v2") == Path("/kept/v2")
    with pytest.raises(
        ModelError, match=r"unknown model 'v9'.* starter, hemline-1-v1, hemline-1-v2"
    ):
        find_model("v9")


def test_without_a_store_the_starter_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def closed() -> _Versions:
        raise StoreError("no database yet")

    monkeypatch.setattr(model_choice, "_open_versions", closed)
    assert find_model("starter") == starter_path()
    with pytest.raises(ModelError, match=r"or starter .*no database yet"):
        find_model("hemline-1-v1")
