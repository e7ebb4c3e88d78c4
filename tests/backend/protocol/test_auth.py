"""Basic auth covers what Label Studio sends it with; probes are open."""

import pytest

USER, PASSWORD = "lucy", "pass:wörd"


@pytest.fixture
def guarded(make_backend):
    return make_backend(basic_auth_user=USER, basic_auth_pass=PASSWORD)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", "/"),
        ("get", "/health"),
        ("post", "/setup"),
        ("post", "/predict"),
        ("get", "/versions"),
        ("get", "/metrics"),
        ("get", "/nothing"),
        ("post", "/webhook"),
    ],
)
def test_everything_but_probes_asks_for_the_password(guarded, method, path):
    for auth in (None, (USER, "wrong"), ("wrong", PASSWORD), ("", ""), (USER, "")):
        answer = getattr(guarded.client, method)(path, auth=auth, json={})
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].lower().startswith("basic")
        assert list(answer.json) == ["detail"]
        assert PASSWORD not in answer.text
    assert getattr(guarded.client, method)(path, auth=(USER, PASSWORD)).status_code != 401


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_probes_are_open(guarded, path):
    assert guarded.client.get(path).status_code != 401


@pytest.mark.parametrize(
    "header", ["Bearer x", "Basic", "Basic !!!", "Basic bHVjeQ==", "basic", ""]
)
def test_odd_authorization_headers_are_refused(guarded, header):
    answer = guarded.client.get("/health", headers={"Authorization": header})
    assert answer.status_code == 401
