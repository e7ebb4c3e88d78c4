"""The Helm chart: what it makes is valid, hardened and whole, for several kinds of installation."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from hemline import __version__, cli
from hemline.settings import Settings
from hemline.system.queue import QUEUES
from tests.plugins.helm import Helm

ROOT = Path(__file__).parents[2]
CHART = ROOT / "docker" / "helm" / "hemline"
VERSIONS = ("1.27", "1.30", "1.33", "1.35", "1.37")  # of Kubernetes
KEYS = (
    "DATABASE_URL",
    "REDIS_URL",
    "LABEL_STUDIO_API_KEY",
    "HEMLINE_WEBHOOK_SECRET",
    "HEMLINE_SECRET_KEY",
    "BASIC_AUTH_USER",
    "BASIC_AUTH_PASS",
)
DIGEST = "sha256:" + "0123456789abcdef" * 4
Values = dict[str, Any]
Documents = list[dict[str, Any]]

BASE: Values = {
    "existingSecret": "ours",
    "labelStudio": {"url": "http://label-studio.example.com"},
    "artifacts": {"url": "s3://bucket/hemline"},
}
SETS: dict[str, Values] = {
    "default": {},
    "gpu": {
        "gpu": {"enabled": True, "nodeSelector": {"pool": "gpu"}, "runtimeClassName": "nvidia"},
        "workers": {"train": {"replicas": 2, "nodeSelector": {"disk": "fast"}}},
    },
    "shared folder": {"artifacts": {"url": "", "existingClaim": "shared"}},
    "own secrets": {
        "existingSecret": "",
        "secrets": {key: f"canary-of-{key.lower()}" for key in KEYS},
        "image": {"pullSecrets": ["registry"], "tag": "1", "digest": DIGEST},
    },
    "everything on": {
        "backend": {
            "url": "https://hemline.example.com",
            "sessionAffinity": "ClientIP",
            "ingress": {
                "enabled": True,
                "className": "nginx",
                "annotations": {"a": "b"},
                "host": "hemline.example.com",
                "tlsSecret": "tls",
            },
        },
        "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
        "networkPolicy": {
            "from": [{"podSelector": {"matchLabels": {"app": "ls"}}}],
            "egress": [{"ports": [{"port": 443, "protocol": "TCP"}]}],
        },
        "podAnnotations": {"note": "1"},
        "podLabels": {"team": "photo"},
        "settings": {"HEMLINE_RETRAIN_AFTER": "50", "LOG_LEVEL": "DEBUG"},
        "extraEnvFrom": [{"secretRef": {"name": "aws"}}],
        "serviceAccount": {"annotations": {"role": "reader"}},
    },
    "everything off": {
        "backend": {"autoscaling": {"enabled": False}, "disruptionBudget": False},
        "workers": {queue: {"enabled": False} for queue in QUEUES},
        "networkPolicy": {"enabled": False},
        "serviceAccount": {"name": "mine"},
    },
}


def merged(one: Values, other: Values) -> Values:
    return {
        **one,
        **{
            key: merged(one[key], value) if isinstance(one.get(key), dict) else value
            for key, value in other.items()
        },
    }


class Rendered:
    """What a set of values becomes."""

    def __init__(self, documents: Documents) -> None:
        self.documents = documents

    def of(self, kind: str) -> dict[str, dict[str, Any]]:
        return {
            document["metadata"]["name"]: document
            for document in self.documents
            if document["kind"] == kind
        }

    def pods(self) -> Iterator[tuple[str, dict[str, Any]]]:
        for kind in ("Deployment", "Job"):
            for name, document in self.of(kind).items():
                yield name, document["spec"]["template"]["spec"]


def render(helm: Helm, folder: Path, values: Values) -> Rendered:
    path = folder / "values.json"
    path.write_text(json.dumps(values))
    done = helm.run("template", "shop", CHART, "--namespace", "photo", "--values", path)
    assert done.returncode == 0, done.stderr
    return Rendered([document for document in yaml.safe_load_all(done.stdout) if document])


@pytest.fixture(scope="module")
def of_all(helm: Helm, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Rendered]:
    folder = tmp_path_factory.mktemp("chart")
    return {name: render(helm, folder, merged(BASE, values)) for name, values in SETS.items()}


@pytest.fixture(params=SETS)
def rendered(request: pytest.FixtureRequest, of_all: dict[str, Rendered]) -> Rendered:
    return of_all[request.param]


@pytest.mark.parametrize("name", SETS)
def test_the_linter_finds_nothing(helm: Helm, tmp_path: Path, name: str) -> None:
    path = tmp_path / "values.json"
    path.write_text(json.dumps(merged(BASE, SETS[name])))
    done = helm.run("lint", CHART, "--strict", "--values", path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_kubernetes_takes_all_of_it(helm: Helm, of_all: dict[str, Rendered]) -> None:
    """By the schemas of several versions, in which nothing may be that they do not name."""
    documents: list[tuple[str, dict[str, Any]]] = [
        (version, document)
        for rendered in of_all.values()
        for document in rendered.documents
        for version in VERSIONS
    ]
    assert len(documents) > 200
    assert {document["kind"] for _, document in documents} >= {"Deployment", "ServiceMonitor"}
    assert helm.validate(json.dumps(documents)) == ""


def test_a_fault_would_be_found(helm: Helm, of_all: dict[str, Rendered]) -> None:
    document = json.loads(json.dumps(of_all["default"].of("Deployment")["shop-hemline-beat"]))
    document["spec"]["template"]["spec"]["containers"][0]["readOnly"] = True
    assert "readOnly" in helm.validate(json.dumps([["1.33", document]]))


def test_a_fault_in_what_prometheus_reads_would_be_found(
    helm: Helm, of_all: dict[str, Rendered]
) -> None:
    monitor = json.dumps(of_all["everything on"].of("ServiceMonitor")["shop-hemline"])
    faulty = [json.loads(monitor) for _ in range(4)]
    faulty[0]["spec"]["endpoints"][0]["intervall"] = "30s"
    faulty[1]["spec"]["endpoints"][0]["interval"] = "often"
    faulty[2]["spec"]["endpoints"][0]["basicAuth"]["username"] = "hemline"
    del faulty[3]["spec"]["selector"]
    found = helm.validate(json.dumps([["1.33", document] for document in faulty])).splitlines()
    for fault, said in zip(
        (
            "spec.endpoints.0.intervall Extra inputs",
            "spec.endpoints.0.interval String should match",
            "spec.endpoints.0.basicAuth.username Input should be",
            "spec.selector Field required",
        ),
        found,
        strict=True,
    ):
        assert fault in said


def test_each_pod_may_do_little(rendered: Rendered) -> None:
    pods = dict(rendered.pods())
    assert "shop-hemline-migrate" in pods
    for name, pod in pods.items():
        assert pod["automountServiceAccountToken"] is False, name
        security = pod["securityContext"]
        assert (security["runAsNonRoot"], security["runAsUser"]) == (True, 10001), name
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}, name
        (container,) = pod["containers"]
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }, name
        assert container["resources"]["limits"]["memory"], name
        writable = {mount["mountPath"] for mount in container["volumeMounts"]}
        assert {"/var/lib/hemline", "/tmp"} <= writable, name


def test_the_image_is_named_by_its_digest_where_that_is_given(of_all: dict[str, Rendered]) -> None:
    for name, pod in of_all["own secrets"].pods():
        assert [each["image"] for each in pod["containers"]] == [f"hemline:1@{DIGEST}"], name


def test_each_queue_has_a_deployment_and_the_schedule_exactly_one(
    of_all: dict[str, Rendered],
) -> None:
    for name in ("default", "gpu", "everything on"):
        deployments = of_all[name].of("Deployment")
        for queue in QUEUES:
            (container,) = deployments[f"shop-hemline-{queue}"]["spec"]["template"]["spec"][
                "containers"
            ]
            assert container["args"] == ["worker", "--no-beat", "--queues", queue]
            (probe,) = container["livenessProbe"]["exec"]["command"][2:]
            assert f"-d {queue}@$HOSTNAME" in probe
        beat = deployments["shop-hemline-beat"]["spec"]
        assert (beat["replicas"], beat["strategy"]) == (1, {"type": "Recreate"})
        assert len(deployments) == len(QUEUES) + 2
    off = of_all["everything off"].of("Deployment")
    assert set(off) == {"shop-hemline-backend", "shop-hemline-beat"}


def test_what_runs_is_a_command_of_hemline_with_settings_of_hemline(rendered: Rendered) -> None:
    commands = typer.main.get_group(cli.build_app()).commands
    known = {
        alias
        for field in Settings.model_fields.values()
        for alias in getattr(field.validation_alias, "choices", [field.validation_alias])
    } | {f"HEMLINE_{name.upper()}" for name in Settings.model_fields}
    for _, pod in rendered.pods():
        (container,) = pod["containers"]
        assert container["args"][0] in commands
        for variable in container["env"]:
            name = variable["name"]
            assert name in known or name.removesuffix("_FILE") in known, name
            assert "valueFrom" not in variable


def test_probes_ask_for_what_the_backend_answers(rendered: Rendered) -> None:
    (container,) = rendered.of("Deployment")["shop-hemline-backend"]["spec"]["template"]["spec"][
        "containers"
    ]
    assert container["startupProbe"]["httpGet"]["path"] == "/livez"
    assert container["livenessProbe"]["httpGet"]["path"] == "/livez"
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    probes = (ROOT / "backend" / "monitoring" / "probes.py").read_text(encoding="utf-8")
    assert '"/livez"' in probes
    assert '"/readyz"' in probes


def test_no_secret_is_outside_of_a_secret(of_all: dict[str, Rendered]) -> None:
    rendered = of_all["own secrets"]
    secrets = rendered.of("Secret")
    assert set(secrets["shop-hemline"]["stringData"]) == set(KEYS)
    assert set(secrets["shop-hemline-migrate"]["stringData"]) == {"DATABASE_URL"}
    for document in rendered.documents:
        if document["kind"] != "Secret":
            assert "canary" not in json.dumps(document)
    assert not of_all["default"].of("Secret")


def test_the_migration_comes_before_everything(rendered: Rendered) -> None:
    for kind in ("Job", "Secret"):
        for name, document in rendered.of(kind).items():
            if name.endswith("-migrate"):
                annotations = document["metadata"]["annotations"]
                assert annotations["helm.sh/hook"] == "pre-install,pre-upgrade"
    job = rendered.of("Job")["shop-hemline-migrate"]
    # What it needs is there before the chart's own parts are.
    assert "serviceAccountName" not in job["spec"]["template"]["spec"]


def test_gpus_are_asked_for_where_they_are_used(of_all: dict[str, Rendered]) -> None:
    pods = dict(of_all["gpu"].pods())
    for queue in QUEUES:
        pod = pods[f"shop-hemline-{queue}"]
        (container,) = pod["containers"]
        device = {each["name"]: each["value"] for each in container["env"]}["DEVICE"]
        on_gpu = queue in ("predict", "train")
        assert device == ("cuda" if on_gpu else "cpu")
        assert container["resources"]["limits"].get("nvidia.com/gpu") == (1 if on_gpu else None)
        assert ("tolerations" in pod) is on_gpu
        assert (pod.get("runtimeClassName") == "nvidia") is on_gpu
    assert pods["shop-hemline-train"]["nodeSelector"] == {"pool": "gpu", "disk": "fast"}
    for _, pod in of_all["default"].pods():
        assert "nvidia.com/gpu" not in json.dumps(pod)


def test_only_the_backend_can_be_called(of_all: dict[str, Rendered]) -> None:
    policies = of_all["default"].of("NetworkPolicy")
    assert policies["shop-hemline"]["spec"]["ingress"] == []
    assert policies["shop-hemline"]["spec"]["policyTypes"] == ["Ingress"]
    (rule,) = policies["shop-hemline-backend"]["spec"]["ingress"]
    assert rule == {"ports": [{"port": "http", "protocol": "TCP"}]}
    assert (
        "Egress"
        in of_all["everything on"].of("NetworkPolicy")["shop-hemline"]["spec"]["policyTypes"]
    )
    assert not of_all["everything off"].of("NetworkPolicy")


def test_selectors_choose_their_own_pods_and_no_others(rendered: Rendered) -> None:
    labels = {
        name: document["spec"]["template"]["metadata"]["labels"]
        for kind in ("Deployment", "Job")
        for name, document in rendered.of(kind).items()
    }

    def chosen(selector: dict[str, str]) -> set[str]:
        return {name for name, all_of in labels.items() if selector.items() <= all_of.items()}

    for name, document in rendered.of("Deployment").items():
        assert chosen(document["spec"]["selector"]["matchLabels"]) == {name}
    backend = {"shop-hemline-backend"}
    assert chosen(rendered.of("Service")["shop-hemline-backend"]["spec"]["selector"]) == backend
    for document in rendered.of("PodDisruptionBudget").values():
        assert chosen(document["spec"]["selector"]["matchLabels"]) == backend


def test_replicas_are_the_autoscaler_s_or_the_value_s(of_all: dict[str, Rendered]) -> None:
    default, off = of_all["default"], of_all["everything off"]
    (scaler,) = default.of("HorizontalPodAutoscaler").values()
    assert scaler["spec"]["scaleTargetRef"]["name"] in default.of("Deployment")
    assert "replicas" not in default.of("Deployment")["shop-hemline-backend"]["spec"]
    assert off.of("Deployment")["shop-hemline-backend"]["spec"]["replicas"] == 2
    assert not off.of("HorizontalPodAutoscaler")


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"artifacts": {"url": ""}}, "pods share no disk: set artifacts.url to a bucket"),
        ({"artifacts": {"existingClaim": "x"}}, "are both set; keep one of them"),
        ({"artifacts": {"url": "/a/folder"}}, "/artifacts/url"),
        ({"labelStudio": {"url": ""}}, "labelStudio.url is empty; set it to the address"),
        ({"labelStudio": {"url": "label-studio"}}, "/labelStudio/url"),
        ({"existingSecret": ""}, "no secret DATABASE_URL: make a Secret that has it"),
        ({"secrets": {"DATABASE_URL": "x"}}, "existingSecret and secrets are both set"),
        ({"secrets": {"DATABASE": "x"}}, "'DATABASE' not allowed"),
        ({"settings": {"DATABASE_URL": "x"}}, "put it into the Secret"),
        ({"settings": {"OTEL_EXPORTER_OTLP_HEADERS": "x"}}, "Secret that extraEnvFrom names"),
        ({"settings": {"HEMLINE_RETRAIN_AFTER": 50}}, "got number, want string"),
        ({"workers": {"training": {}}}, "'training' not allowed"),
        ({"beat": {"replicas": 2}}, "'replicas' not allowed"),
        ({"backend": {"autoscaling": {"minReplicas": 9}}}, "minReplicas 9 is more than"),
        ({"backend": {"ingress": {"enabled": True}}}, "set it to the host name"),
        ({"homeSize": "plenty"}, "/homeSize"),
        ({"image": {"digest": "latest"}}, "/image/digest"),
    ],
)
def test_a_wrong_value_is_said(helm: Helm, tmp_path: Path, values: Values, sentence: str) -> None:
    path = tmp_path / "values.json"
    path.write_text(json.dumps(merged(BASE, values)))
    done = helm.run("template", "shop", CHART, "--values", path)
    assert done.returncode != 0
    assert sentence in done.stderr


def test_each_value_is_described_and_each_described_value_is_there() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
    values = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))

    def agree(schema: dict[str, Any], values: Values, place: str) -> None:
        properties = schema.get("properties", {})
        if not properties or not values:
            return
        assert set(values) == set(properties) - {"global"}, place
        for name, value in values.items():
            assert properties[name].get("description", "x").endswith((".", "x")), (place, name)
            if isinstance(value, dict):
                agree(properties[name], value, f"{place}.{name}")

    del schema["properties"]["secrets"]["properties"]  # there are none in the values
    agree(schema, values, "")


def test_the_chart_is_of_this_version() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))
    assert chart["version"] == chart["appVersion"] == __version__


def test_the_notes_name_commands_that_there_are(helm: Helm, tmp_path: Path) -> None:
    commands = typer.main.get_group(cli.build_app()).commands
    notes = (CHART / "templates" / "NOTES.txt").read_text(encoding="utf-8")
    named = re.findall(r"-- hemline (\w+)", notes)
    assert len(named) >= 3
    assert set(named) <= set(commands)
