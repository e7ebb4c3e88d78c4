"""What the demo remembers between starts."""

import stat
from pathlib import Path

import pytest

from hemline.demo.state import DemoState, ProjectState, load_state, save_state
from hemline.errors import HemlineError


def test_a_new_state_has_secrets_of_its_own(tmp_path: Path) -> None:
    one, other = load_state(tmp_path / "state.json"), load_state(tmp_path / "state.json")
    assert one.account.token != other.account.token
    assert one.account.password != other.account.password
    assert one.webhook_secret != other.webhook_secret


def test_round_trip(tmp_path: Path) -> None:
    state = DemoState(label_studio_port=1, backend_port=2)
    state = state.with_project("/photos", ProjectState(3, "abc"))
    save_state(tmp_path / "state.json", state)
    assert load_state(tmp_path / "state.json") == state


def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    save_state(tmp_path / "state.json", DemoState())
    assert stat.S_IMODE((tmp_path / "state.json").stat().st_mode) == 0o600


@pytest.mark.parametrize("text", ["", "{", "[]", '{"account": {"email": "a"}}'])
def test_a_damaged_state_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "state.json").write_text(text)
    with pytest.raises(HemlineError, match=r"state\.json is damaged .* delete the folder"):
        load_state(tmp_path / "state.json")
