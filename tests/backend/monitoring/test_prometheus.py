"""What a real Prometheus makes of /metrics: the alerts, the dashboard, and every name in them."""

import json
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from werkzeug.serving import make_server

from hemline.system.ports import pick_free_port
from tests.backend.conftest import Backend

FOLDER = Path(__file__).parents[3] / "docker" / "monitoring"
DASHBOARD = FOLDER / "grafana" / "dashboards" / "hemline.json"
USER, PASSWORD = "labelstudio", "a password of its own"
NAME = re.compile(r"\bhemline_[a-z_]+")
_PATIENCE_S = 60.0


def program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed (Debian's package prometheus has it)")
    return found


def promtool(*arguments: str | Path) -> str:
    command = [program("promtool"), *map(str, arguments)]
    done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def dashboard() -> dict[str, Any]:
    read: dict[str, Any] = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    return read


def expressions() -> list[str]:
    return [target["expr"] for panel in dashboard()["panels"] for target in panel["targets"]]


def exported(backend: Backend) -> set[str]:
    """Names as Prometheus knows them, of all that the backend may ever export."""
    backend.connect()
    names = set()
    for family in backend.services.metrics.registry.collect():
        suffixes = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}
        names |= {family.name + suffix for suffix in suffixes.get(family.type, [""])}
    return names


def test_the_rules_are_valid_and_fire_when_they_should() -> None:
    promtool("check", "config", "--syntax-only", "prometheus.yml")
    assert "SUCCESS: 12 rules found" in promtool("check", "rules", "alerts.yml")
    promtool("test", "rules", "alerts_test.yml")


def test_each_alert_has_a_test_and_a_way_out() -> None:
    rules = yaml.safe_load((FOLDER / "alerts.yml").read_text(encoding="utf-8"))
    tests = (FOLDER / "alerts_test.yml").read_text(encoding="utf-8")
    for rule in rules["groups"][0]["rules"]:
        assert f"alertname: {rule['alert']}\n" in tests, rule["alert"]
        assert set(rule["annotations"]) == {"summary", "action"}
        assert rule["labels"]["severity"] in ("page", "warn")


def test_every_metric_that_is_named_is_exported(backend: Backend) -> None:
    known = exported(backend)
    rules = (FOLDER / "alerts.yml").read_text(encoding="utf-8")
    named = set(NAME.findall(rules)) | {name for e in expressions() for name in NAME.findall(e)}
    assert len(named) > 10
    assert named <= known
    on_the_dashboard = {name for e in expressions() for name in NAME.findall(e)}
    worth_a_panel = {name for name in known if not name.endswith(("_sum", "_count"))}
    assert worth_a_panel <= on_the_dashboard


def test_the_dashboard_is_laid_out_and_its_queries_can_be_read(tmp_path: Path) -> None:
    panels = dashboard()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
    rules = [{"record": f"panel:query:{n}", "expr": e} for n, e in enumerate(expressions())]
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "d", "rules": rules}]}))
    promtool("check", "rules", tmp_path / "rules.yml")


@pytest.fixture
def served(make_backend: Any) -> Iterator[str]:
    """The address of a backend that asks for a password."""
    backend = make_backend(basic_auth_user=USER, basic_auth_pass=PASSWORD)
    server = make_server("127.0.0.1", 0, backend.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_prometheus_scrapes_the_backend_by_the_shipped_configuration(
    served: str, tmp_path: Path
) -> None:
    for name in ("alerts.yml", "prometheus.yml"):
        shutil.copy(FOLDER / name, tmp_path)
    (tmp_path / "hemline-password").write_text(PASSWORD)
    config = yaml.safe_load((tmp_path / "prometheus.yml").read_text())
    config["global"]["scrape_interval"] = "1s"
    config["scrape_configs"][0]["static_configs"][0]["targets"] = [served]
    assert config["scrape_configs"][0]["basic_auth"]["username"] == USER
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(config))
    port = pick_free_port()
    command = [
        program("prometheus"),
        f"--config.file={tmp_path / 'prometheus.yml'}",
        f"--storage.tsdb.path={tmp_path / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    log = (tmp_path / "log").open("wb")
    process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        assert ask(port, 'up{job="hemline"}', wanted=1.0) == 1.0
        assert ask(port, "hemline_store_up", wanted=1.0) == 1.0
        assert ask(port, 'hemline_disk_free_bytes{folder="home"}') > 0
        for expression in expressions():
            query(port, expression)
    finally:
        process.terminate()
        process.wait(30)
        log.close()


def query(port: int, expression: str) -> list[Any]:
    answer = httpx.get(
        f"http://127.0.0.1:{port}/api/v1/query", params={"query": expression}, timeout=10
    )
    assert answer.json()["status"] == "success", (expression, answer.text)
    found: list[Any] = answer.json()["data"]["result"]
    return found


def ask(port: int, expression: str, wanted: float | None = None) -> float:
    """The value, once there is one (and it is the one that is wanted)."""
    deadline = time.monotonic() + _PATIENCE_S
    value = float("nan")
    while time.monotonic() < deadline:
        try:
            found = query(port, expression)
        except httpx.HTTPError:
            found = []
        if found:
            value = float(found[0]["value"][1])
            if wanted is None or value == wanted:
                break
        time.sleep(0.2)
    return value
