"""Recipes and model files that somebody made to do harm: refused in words, within bounds."""

import contextlib
import json
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hemline.errors import ModelError, RecipeError
from hemline.segmentation.model_card import read_card
from hemline.segmentation.model_file import load_model
from hemline.segmentation.recipe.recipe import Recipe, load_recipe, parse_recipe, with_values

QUICK = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4)
    ),
    max_leaves=12,
)


@pytest.mark.parametrize(
    "text",
    [
        "name = 'x'\nclasses = " + "[" * 100_000,
        "name = 'x'\nclasses = " + "{a=" * 100_000,
        "[" + "a." * 50_000 + "b]",
        "name = 'x'\n" + "#" * 2**21,
        "\x00",
        "name = 1" + "0" * 10_000,
    ],
)
def test_a_recipe_that_is_nested_or_long_without_end(tmp_path: Path, text: str) -> None:
    path = tmp_path / "deep.toml"
    path.write_text(text)
    with pytest.raises(RecipeError, match="deep"):
        load_recipe(path)


@pytest.mark.parametrize("name", ["../../x", "..", "a/b", "/etc/passwd", "x\x00", "a\\b", ".x", ""])
def test_a_name_that_leads_elsewhere(tmp_path: Path, name: str) -> None:
    with pytest.raises(RecipeError):
        load_recipe(name)
    with pytest.raises(RecipeError, match="name"):
        parse_recipe({"name": name}, source="test")
    path = tmp_path / "child.toml"
    path.write_text(f"extends = {json.dumps(name)}\nname = 'x'\n")
    with pytest.raises(RecipeError, match="not a recipe's name"):
        load_recipe(path)


@pytest.mark.parametrize(
    "change",
    [
        "schedule.batch=1000000000",
        "schedule.epochs=1000000000",
        "schedule.least_steps=10000000000",
        "input.pixels=1000000000000",
        "schedule.batch=" + "[" * 100_000,
    ],
)
def test_values_that_take_all_memory_or_time(change: str) -> None:
    with pytest.raises(RecipeError):
        with_values(Recipe(name="x"), [change])


@QUICK
@given(
    st.dictionaries(st.sampled_from([*Recipe.model_fields]) | st.text(max_size=9), JSON, max_size=6)
)
def test_any_values_are_a_recipe_or_refused_in_words(values: dict[str, Any]) -> None:
    with contextlib.suppress(RecipeError):
        parse_recipe(values, source="test")


def _file(header: bytes, data: bytes = b"") -> bytes:
    return struct.pack("<Q", len(header)) + header + data


def _card(**changes: Any) -> bytes:
    card = {
        "recipe": Recipe(name="x").model_dump(mode="json"),
        "labels": ["garment"],
        "threshold": 0.5,
        "figures": {},
        "code_version": "0",
        "format": 1,
    } | changes
    return _file(json.dumps({"__metadata__": {"hemline": json.dumps(card)}}).encode())


@pytest.mark.parametrize(
    "changes",
    [
        {"labels": ["x"] * 1_000_000},
        {"labels": "garment"},
        {"labels": 7},
        {"labels": [1]},
        {"labels": {"a": 1}},
        {"types": ["x"] * 1_000_000},
        {"threshold": 10**400},
        {"threshold": None},
        {"recipe": {"name": "../../x"}},
        {"recipe": []},
        {"format": 2},
    ],
)
def test_a_card_that_is_not_ours(tmp_path: Path, changes: dict[str, Any]) -> None:
    path = tmp_path / "m.safetensors"
    path.write_bytes(_card(**changes))
    with pytest.raises(ModelError, match="safetensors"):
        read_card(path)


def test_a_card_that_is_nested_without_end(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    path.write_bytes(_file(json.dumps({"__metadata__": {"hemline": "[" * 200_000}}).encode()))
    with pytest.raises(ModelError, match="cannot be read"):
        read_card(path)


@pytest.mark.parametrize(
    "header",
    [
        b"{" * 100_000,
        b"[]",
        b"null",
        b'{"a":1}',
        b"\xff\xfe",
        b"",
        b'{"a":{"dtype":"F32","shape":[1000000000000],"data_offsets":[0,4000000000000]}}',
        b'{"a":{"dtype":"F32","shape":[18446744073709551615,2],"data_offsets":[0,8]}}',
        b'{"a":{"dtype":"F99","shape":[1],"data_offsets":[0,4]}}',
        b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}',
        b'{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}',
    ],
)
def test_a_header_that_lies(tmp_path: Path, header: bytes) -> None:
    path = tmp_path / "m.safetensors"
    path.write_bytes(_file(header, b"\0" * 8))
    with pytest.raises(ModelError, match="safetensors"):
        load_model(path)


@pytest.mark.parametrize("length", [0, 2**40, 2**63, 2**64 - 1])
def test_a_header_of_a_length_that_is_not_there(tmp_path: Path, length: int) -> None:
    path = tmp_path / "m.safetensors"
    path.write_bytes(struct.pack("<Q", length) + b"{}")
    with pytest.raises(ModelError, match="safetensors"):
        read_card(path)


@QUICK
@given(st.binary(max_size=300) | JSON.map(lambda value: _file(json.dumps(value).encode())))
def test_any_bytes_are_refused_in_words(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "m.safetensors"
    path.write_bytes(content)
    with pytest.raises(ModelError, match="safetensors"):
        load_model(path)


@QUICK
@given(
    st.dictionaries(
        st.sampled_from(
            ["recipe", "labels", "threshold", "figures", "types", "specialists", "format"]
        ),
        JSON,
        min_size=1,
    )
)
def test_any_card_is_read_or_refused_in_words(tmp_path: Path, changes: dict[str, Any]) -> None:
    path = tmp_path / "m.safetensors"
    path.write_bytes(_card(**changes))
    with contextlib.suppress(ModelError):
        read_card(path)


@QUICK
@given(st.data())
def test_a_card_of_which_a_byte_was_changed(tmp_path: Path, data: st.DataObject) -> None:
    content = bytearray(_card())
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] = data.draw(st.integers(0, 255))
    path = tmp_path / "m.safetensors"
    path.write_bytes(bytes(content))
    with contextlib.suppress(ModelError):
        read_card(path)
