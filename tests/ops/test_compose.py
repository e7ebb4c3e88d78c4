"""docker-compose.yml and the Dockerfile: what waits for what, what is checked, what is secret."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import typer
import yaml

from hemline import cli
from hemline.system.queue import QUEUES

ROOT = Path(__file__).parents[2]
OURS = ("migrate", "backend", "worker", "worker-gpu", "beat")


@pytest.fixture(scope="module")
def compose():
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def services(compose):
    return compose["services"]


def test_all_processes_are_there(services):
    assert set(services) == {*OURS, "db", "redis", "labelstudio"}


def test_it_is_the_current_format(compose, services):
    assert "version" not in compose
    assert not [name for name, service in services.items() if "container_name" in service]


@pytest.mark.parametrize(
    ("name", "waits_for"),
    [
        ("migrate", {"db": "service_healthy"}),
        ("labelstudio", {"db": "service_healthy"}),
        *(
            (name, {"migrate": "service_completed_successfully", "redis": "service_healthy"})
            for name in ("backend", "worker", "worker-gpu", "beat")
        ),
    ],
)
def test_nothing_starts_before_what_it_needs(services, name, waits_for):
    conditions = {on: wait["condition"] for on, wait in services[name]["depends_on"].items()}
    assert conditions == waits_for


def test_what_is_waited_for_says_when_it_is_healthy(services):
    waited_for = {
        on
        for service in services.values()
        for on, wait in service.get("depends_on", {}).items()
        if wait["condition"] == "service_healthy"
    }
    assert waited_for == {"db", "redis"}
    assert all(services[name]["healthcheck"]["test"] for name in waited_for)


def test_what_serves_has_a_health_check(services):
    serving = set(services) - {"migrate", "beat"}
    assert all(services[name]["healthcheck"].get("test") for name in serving)


def test_migrate_runs_once(services):
    assert services["migrate"]["restart"] == "no"
    assert services["migrate"]["command"] == ["migrate"]


def test_our_processes_share_one_image_and_are_commands_of_hemline(services):
    commands = typer.main.get_group(cli.build_app()).commands
    assert {services[name]["image"] for name in OURS} == {"hemline:${HEMLINE_VERSION:-local}"}
    for name in OURS:
        command, *options = services[name]["command"]
        known = {
            option
            for parameter in commands[command].params
            for option in (*parameter.opts, *parameter.secondary_opts)
        }
        assert {option for option in options if option.startswith("-")} <= known


def test_every_queue_is_worked_on_and_the_schedule_is_kept_once(services):
    _, _, queues = services["worker"]["command"][-1].partition(":-")
    assert set(queues.rstrip("}").split(",")) == set(QUEUES)
    assert set(services["worker-gpu"]["command"][-1].split(",")) <= set(QUEUES)
    for name in ("worker", "worker-gpu"):
        assert "--no-beat" in services[name]["command"]


def test_the_broker_neither_evicts_nor_forgets(services):
    command = " ".join(services["redis"]["command"])
    assert "--maxmemory-policy noeviction" in command
    assert "--appendonly yes" in command
    assert "redis:/data" in services["redis"]["volumes"]


def test_label_studio_may_call_a_backend_in_a_private_network(services):
    environment = services["labelstudio"]["environment"]
    assert environment["ML_BLOCK_LOCAL_IP"] == "false"
    assert environment["SSRF_PROTECTION_ENABLED"] == "false"


def test_what_others_made_is_named_by_version_and_digest(services):
    digest = "@sha256:[0-9a-f]{64}"
    for name in set(services) - set(OURS):
        pattern = rf"\$\{{[A-Z_]+_IMAGE:-[a-z/-]+:[\w.-]+{digest}\}}"
        assert re.fullmatch(pattern, services[name]["image"]), name
    base = re.search(r"^ARG BASE=(.+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert base is not None
    assert re.fullmatch(f"debian:12-slim{digest}", base[1])


def test_label_studio_is_the_version_that_is_tested(services):
    image, version = re.split(r":-|:|@", services["labelstudio"]["image"])[1:3]
    assert image == "heartexlabs/label-studio"
    assert f"label-studio=={version} " in (ROOT / "requirements-labelstudio.lock").read_text()


def test_optional_parts_are_profiles(services):
    profiles = {
        name: service["profiles"] for name, service in services.items() if "profiles" in service
    }
    assert profiles == {"worker-gpu": ["gpu"], "labelstudio": ["labelstudio"]}


def test_no_secret_stands_in_the_file(services):
    secret = re.compile(r"PASS|SECRET|KEY|TOKEN")
    for service in services.values():
        for name, value in service.get("environment", {}).items():
            is_given = value in (None, "true") or str(value).startswith("${")
            assert is_given or not secret.search(name), name


def _required():
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    return set(re.findall(r"\$\{(\w+):\?", text))


def test_the_example_names_all_that_must_be_set_and_no_secret():
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    given = dict(re.findall(r"^(\w+)=(.*)$", example, re.MULTILINE))
    assert len(_required()) >= 7
    assert _required() <= set(given)
    secret = re.compile(r"PASS|SECRET|KEY|TOKEN")
    assert {value for name, value in given.items() if secret.search(name)} == {""}


def test_each_container_is_hardened(services):
    for name, service in services.items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["mem_limit"], name
        assert service["pids_limit"], name
        assert service["read_only"] or name == "labelstudio", name
        assert "privileged" not in service, name
    for name in OURS:
        assert "cap_add" not in services[name]


def test_each_program_has_a_password_of_its_own(services):
    assert "--requirepass" in services["redis"]["command"]
    assert (
        ":${REDIS_PASSWORD:?set it in .env}@redis"
        in services["backend"]["environment"]["REDIS_URL"]
    )
    assert services["labelstudio"]["environment"]["POSTGRE_USER"] == "labelstudio"
    made = (ROOT / "docker" / "databases.sql").read_text(encoding="utf-8")
    assert "CREATE DATABASE labelstudio OWNER labelstudio" in made
    assert "SUPERUSER" not in made


@pytest.mark.parametrize("profiles", [[], ["gpu"], ["labelstudio"], ["gpu", "labelstudio"]])
def test_docker_compose_reads_it(profiles, tmp_path):
    if shutil.which("docker-compose") is None:
        pytest.skip("docker-compose is not installed")
    options = [part for profile in profiles for part in ("--profile", profile)]
    filled = tmp_path / "filled.env"
    filled.write_text("".join(f"{name}=http://filled\n" for name in sorted(_required())))
    result = subprocess.run(
        ["docker-compose", "--env-file", str(filled), *options, "config", "--quiet"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr


def test_the_image_runs_hemline_and_not_as_root():
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    users = [line.split()[1] for line in lines if line.startswith("USER ")]
    assert users
    assert users[-1] not in ("root", "0")
    assert 'ENTRYPOINT ["hemline"]' in lines
    assert any(line.startswith("HEALTHCHECK") for line in lines)


def test_the_image_is_built_from_the_locks():
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert text.count("--require-hashes -r requirements") == 2
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    copied = re.findall(r"^COPY (?!--from)(.*) \S+$", text, re.MULTILINE)
    names = {name for line in copied for name in line.split()} - {"."}
    assert {f"!{name}" for name in names} <= set(ignored)


def test_label_studio_gets_a_name_of_the_backend_that_it_takes(compose, services):
    """A webhook's host needs a dot in its name, and the name must lead to the backend."""
    given = compose["x-hemline"]["environment"]["HEMLINE_BACKEND_URL"]
    default = re.fullmatch(r"\$\{HEMLINE_BACKEND_URL:-http://([a-z.]+):9090\}", given)
    assert default is not None, given
    host = default[1]
    assert "." in host
    assert host in services["backend"]["networks"]["default"]["aliases"]


def test_nothing_is_published_beyond_this_machine_unless_asked_for(services):
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert len(ports) == 2
    assert all(port.startswith("${HEMLINE_PUBLISHED_ON:-127.0.0.1}:") for port in ports)


def test_the_backend_asks_for_a_password(services):
    for name in ("BASIC_AUTH_USER", "BASIC_AUTH_PASS"):
        assert services["backend"]["environment"][name] == f"${{{name}:?set it in .env}}"
