"""Rule packs: those that ship, and files that are refused."""

from pathlib import Path
from typing import Any

import pytest

from hemline.channels.pack import load_pack, pack_names, parse_pack
from hemline.errors import ChannelError
from hemline.settings import get_settings

SHIPPED = ["ajio", "amazon", "ebay", "google", "studio", "tatacliq", "walmart", "zalando"]
RULE: dict[str, Any] = {
    "check": "fill",
    "of": "box_area",
    "least": 0.8,
    "source": "a page",
    "date": "2026-03",
}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HEMLINE_HOME", str(tmp_path))
    get_settings.cache_clear()
    return tmp_path


def pack(**rule: Any) -> dict[str, Any]:
    values = {key: value for key, value in (RULE | rule).items() if value is not None}
    return {"title": "My shop", "version": 1, "rule": [values]}


def test_the_packs_that_ship() -> None:
    assert pack_names() == SHIPPED
    for name in SHIPPED:
        loaded = load_pack(name)
        assert loaded.rules
        assert all(rule.source and rule.date for _, rule in loaded.rules)


def test_the_canvas_of_a_pack_keeps_its_own_rules() -> None:
    for name in SHIPPED:
        loaded = load_pack(name)
        rules = dict(loaded.rules)
        if "fill" in rules:
            assert rules["fill"].least <= loaded.canvas.fill <= (rules["fill"].most or 1)  # type: ignore[attr-defined]
        if "background" in rules:
            assert loaded.canvas.background == rules["background"].colour  # type: ignore[attr-defined]
        if "format" in rules:
            assert loaded.canvas.file.upper() in rules["format"].formats  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (pack(least=None), "asks for nothing"),
        (pack(least=1.2), "key 'least', is 1.2"),
        (pack(least=float("nan")), "key 'least', is nan"),
        (pack(least=0.9, most=0.8), "least 0.9 is over most 0.8"),
        (pack(source=None), "lacks the key 'source'"),
        (pack(source=""), "key 'source', is ''"),
        (pack(date=None), "lacks the key 'date'"),
        (pack(date="soon"), "key 'date', is 'soon'"),
        (pack(date="2026-13"), "key 'date', is '2026-13'"),
        (pack(lest=0.5), "has the unknown key 'lest'"),
        (pack(of="area"), "key 'of', is 'area'"),
        (pack(check="fills"), "has the check 'fills', which is unknown"),
        (pack(check=None), "has no check"),
        (pack(level="may"), "key 'level', is 'may'"),
        (pack() | {"tittle": "x"}, "has the unknown key 'tittle'"),
        (pack() | {"version": 0}, "key 'version', is 0"),
        (pack() | {"rule": []}, "has no rules"),
        (pack() | {"rule": {"check": "fill"}}, "has no rules"),
        (pack() | {"canvas": {"fill": 0}}, "key 'canvas.fill', is 0"),
    ],
)
def test_what_a_pack_cannot_be_is_one_sentence(values: dict[str, Any], said: str) -> None:
    with pytest.raises(ChannelError) as error:
        parse_pack(values, name="mine", source="mine.toml")
    assert "mine.toml" in str(error.value)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_pack_of_ones_own_comes_before_the_one_that_ships(home: Path) -> None:
    (home / "packs").mkdir()
    text = 'title = "Ours"\nversion = 3\n[[rule]]\ncheck = "cut"\nsource = "us"\ndate = "2026"\n'
    (home / "packs" / "studio.toml").write_text(text.replace('"us"', '"ourselves"'))
    (home / "packs" / "otto.toml").write_text(text.replace('"us"', '"their mail"'))
    assert load_pack("studio").title == "Ours"
    assert "otto" in pack_names()
    assert load_pack(str(home / "packs" / "otto.toml")).name == "otto"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("asos", "there is no rule pack 'asos'; there are ajio, amazon"),
        ("../amazon", "there is no rule pack"),
        ("none.toml", "cannot be read: No such file"),
    ],
)
def test_a_pack_that_is_not_there(name: str, said: str) -> None:
    with pytest.raises(ChannelError, match=said):
        load_pack(name)


def test_a_pack_whose_name_cannot_be_used_is_told_to_be_renamed(home: Path) -> None:
    (home / "packs").mkdir(exist_ok=True)
    (home / "packs" / "Our Shop.toml").write_text("title = 'Ours'")
    assert "Our Shop" in pack_names()
    with pytest.raises(ChannelError, match=r"'Our Shop' cannot be used .* rename its file in"):
        load_pack("Our Shop")


def test_a_file_that_is_no_toml(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_bytes(b"title = \xff")
    with pytest.raises(ChannelError, match="is not TOML"):
        load_pack(str(tmp_path / "bad.toml"))
