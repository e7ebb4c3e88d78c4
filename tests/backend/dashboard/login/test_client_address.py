"""The address a login is counted for: a proxy's word counts only if the proxy is trusted."""

import pytest

from backend.dashboard.login.client_address import client_address
from hemline.store.log_in_limits import PER_ADDRESS, PER_NAME
from tests.backend.dashboard.visitor import PASSWORD, Visitor, token_of

LOOPBACK = ("127.0.0.1", "::1")
PROXY = ("10.0.0.0/24",)


@pytest.mark.parametrize(
    ("peer", "forwarded", "trusted", "address"),
    [
        ("203.0.113.9", [], LOOPBACK, "203.0.113.9"),
        ("203.0.113.9", ["198.51.100.1"], LOOPBACK, "203.0.113.9"),
        ("127.0.0.1", [], LOOPBACK, "127.0.0.1"),
        ("127.0.0.1", ["198.51.100.1"], LOOPBACK, "198.51.100.1"),
        ("127.0.0.1", ["6.6.6.6, 198.51.100.1"], LOOPBACK, "198.51.100.1"),
        ("127.0.0.1", ["6.6.6.6", "198.51.100.1"], LOOPBACK, "198.51.100.1"),
        ("10.0.0.7", ["6.6.6.6, 198.51.100.1, 10.0.0.8"], PROXY, "198.51.100.1"),
        ("10.0.0.7", ["10.0.0.9, 10.0.0.8"], PROXY, "10.0.0.9"),
        ("10.0.1.7", ["198.51.100.1"], PROXY, "10.0.1.7"),
        ("127.0.0.1", ["198.51.100.1"], (), "127.0.0.1"),
        ("127.0.0.1", ["198.51.100.1:4711"], LOOPBACK, "198.51.100.1"),
        ("::ffff:127.0.0.1", ["198.51.100.1"], LOOPBACK, "198.51.100.1"),
        ("::1", ["2001:db8:1:2:3::4"], LOOPBACK, "2001:db8:1:2::/64"),
        ("::1", ["[2001:db8:1:2:3::4]:80"], LOOPBACK, "2001:db8:1:2::/64"),
        ("127.0.0.1", ["unknown"], LOOPBACK, "127.0.0.1"),
        ("127.0.0.1", ["<script>, ,"], LOOPBACK, "127.0.0.1"),
        ("203.0.113.9", ["6.6.6.6, 198.51.100.1"], ("*",), "198.51.100.1"),
        ("203.0.113.9", [], ("*",), "203.0.113.9"),
        ("", ["198.51.100.1"], LOOPBACK, ""),
    ],
)
def test_the_address_that_is_counted(peer, forwarded, trusted, address):
    assert client_address(peer, forwarded, trusted) == address


def attempt(visitor: Visitor, client: str, name: str, password: str) -> int:
    """Status of a login through the proxy 10.0.0.7."""
    page = visitor.client.get("/dashboard/log-in")
    answer = visitor.client.post(
        "/dashboard/log-in",
        data={"name": name, "password": password, "csrf_token": token_of(page.text)},
        headers={"X-Forwarded-For": client},
        environ_base={"REMOTE_ADDR": "10.0.0.7"},
    )
    return int(answer.status_code)


def guess(visitor: Visitor, number: int, client: str) -> int:
    return attempt(visitor, client, f"name {number}", "guess")


@pytest.mark.parametrize(("trusted", "others"), [(PROXY, 303), (("127.0.0.1",), 429)])
def test_who_guesses_behind_a_proxy_locks_out_only_themselves_if_it_is_trusted(
    make_backend, monkeypatch, trusted, others
):
    """Behind a proxy that is not named everybody has its address: they wait together."""
    monkeypatch.setattr(
        "backend.dashboard.login.log_in.is_password", lambda given, _: given == PASSWORD
    )
    backend = make_backend(forwarded_allow_ips=trusted)
    guesser = Visitor(backend, name="guesser", log_in=False)
    person = Visitor(backend, name="ada", log_in=False)
    for number in range(PER_ADDRESS):
        assert guess(guesser, number, "198.51.100.1") == 401
    assert guess(guesser, 99, "198.51.100.1") == 429
    assert attempt(person, "203.0.113.5", "ada", PASSWORD) == others


def test_a_name_is_counted_for_each_client_by_itself(make_backend):
    backend = make_backend(forwarded_allow_ips=PROXY)
    visitor = Visitor(backend, name="name 7", log_in=False)
    for _ in range(PER_NAME):
        assert guess(visitor, 7, "198.51.100.1") == 401
    assert guess(visitor, 7, "198.51.100.1") == 429
    assert guess(visitor, 7, "203.0.113.77") == 401
