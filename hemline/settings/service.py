"""Settings of the service: where things are, who may call, what runs the networks."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, AliasChoices, Field
from pydantic_settings import NoDecode

from hemline.setting_values import user_name
from hemline.settings.files import SettingsWithFiles
from hemline.settings.types import Password, Secret, ServerAddress, WebAddress

Device = Literal["auto", "cpu", "cuda"]
RuntimeName = Literal["auto", "torch", "openvino"]


class ServiceSettings(SettingsWithFiles):
    """What a deployment needs before it learns anything."""

    home: Path = Field(
        default=Path("~/.hemline"),
        description="Folder for the SQLite database, artifacts, caches and the embedded Redis.",
    )
    database_url: ServerAddress = Field(
        default="",
        validation_alias=AliasChoices("DATABASE_URL"),
        description="SQLAlchemy URL. Empty: SQLite in HEMLINE_HOME.",
    )
    redis_url: ServerAddress = Field(
        default="",
        validation_alias=AliasChoices("REDIS_URL"),
        description="Celery's broker. Empty: the embedded Redis that `hemline worker` starts.",
    )
    artifact_url: ServerAddress = Field(
        default="",
        description="Where masks, weights and other artifacts are stored: a folder, or a bucket at "
        "s3://, gs:// or az://, for which Hemline is installed as `hemline[s3]`, `hemline[gcs]` or "
        "`hemline[azure]`. Empty: artifacts/ in HEMLINE_HOME.",
    )
    artifact_cache_bytes: int = Field(
        default=5 * 2**30,
        ge=0,
        description="Most disk space for copies of what was read from a bucket, in bytes. It must "
        "have room for the model files in use.",
    )

    label_studio_url: WebAddress = Field(
        default="http://127.0.0.1:8080",
        validation_alias=AliasChoices("LABEL_STUDIO_URL", "LABEL_STUDIO_HOST"),
        description="Address at which Hemline reaches Label Studio.",
    )
    label_studio_public_url: WebAddress = Field(
        default="",
        description="Address at which people reach Label Studio, used in links. Empty: "
        "LABEL_STUDIO_URL.",
    )
    label_studio_api_key: Secret = Field(
        default="",
        validation_alias=AliasChoices("LABEL_STUDIO_API_KEY", "LABEL_STUDIO_ACCESS_TOKEN"),
        description="Personal access token or legacy token of a Label Studio user.",
    )
    image_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Comma-separated hosts (host or host:port), besides Label Studio's own, that "
        "photos may be fetched from.",
    )
    local_files_root: Path | None = Field(
        default=None,
        validation_alias=AliasChoices("LOCAL_FILES_DOCUMENT_ROOT", "HEMLINE_LOCAL_FILES_ROOT"),
        description="Label Studio's local files root, if Hemline can read it directly.",
    )
    image_timeout_s: float = Field(
        default=10.0, gt=0, description="Seconds to wait for one photo to be fetched."
    )
    max_image_bytes: int = Field(
        default=128 * 2**20, gt=0, description="Largest photo file to fetch, in bytes."
    )
    max_pixels: int = Field(
        default=178_000_000, gt=0, description="Largest photo to decode, in pixels."
    )
    image_cache_bytes: int = Field(
        default=2 * 2**30, ge=0, description="Most disk space for fetched photos, in bytes."
    )
    picture_cache_bytes: int = Field(
        default=2**30,
        ge=0,
        description="Most disk space for the cache of the dashboard's thumbnails and overlays, in "
        "bytes.",
    )
    brand_colour: str = Field(
        default="#7a1f3d",
        pattern="^#[0-9a-fA-F]{6}$",
        description="Background colour, as #rrggbb, on which the dashboard shows cut-outs besides "
        "white, grey and black.",
    )

    host: str = Field(
        default="127.0.0.1",
        validation_alias=AliasChoices("HOST", "HEMLINE_HOST"),
        description="Address the backend listens on.",
    )
    port: int = Field(
        default=9090,
        ge=0,
        le=65535,
        validation_alias=AliasChoices("PORT", "HEMLINE_PORT"),
        description="Port the backend listens on.",
    )
    forwarded_allow_ips: Annotated[tuple[str, ...], NoDecode] = Field(
        default=("127.0.0.1", "::1"),
        validation_alias=AliasChoices("FORWARDED_ALLOW_IPS"),
        description="Comma-separated addresses or networks of the proxies in front of the backend: "
        "their X-Forwarded-Proto and X-Forwarded-For headers are trusted. *: trust every client.",
    )
    allow_open: bool = Field(
        default=False,
        description="Listen beyond this machine without BASIC_AUTH_USER and BASIC_AUTH_PASS: "
        "anyone who reaches the port may call the backend.",
    )
    backend_url: WebAddress = Field(
        default="",
        description="Address at which Label Studio reaches the backend. Empty: HOST and PORT.",
    )
    threads: int = Field(
        default=8,
        ge=1,
        validation_alias=AliasChoices("THREADS", "HEMLINE_THREADS"),
        description="Request threads of the backend.",
    )
    basic_auth_user: Annotated[str, AfterValidator(user_name)] = Field(
        default="",
        validation_alias=AliasChoices("BASIC_AUTH_USER"),
        description="User of the backend's Basic auth. Empty: no Basic auth.",
    )
    basic_auth_pass: Password = Field(
        default="",
        validation_alias=AliasChoices("BASIC_AUTH_PASS"),
        description="Password of the backend's Basic auth.",
    )
    webhook_secret: Secret = Field(
        default="",
        description="Secret that webhooks carry in the X-Hemline-Secret header. `hemline connect` "
        "sets it in Label Studio. Empty: anyone who reaches the backend can send webhooks, so "
        "Label Studio is asked about each.",
    )
    secret_key: Password = Field(
        default="",
        description="Key that signs the dashboard's login cookies; the same on every backend. "
        "Empty: created once and kept in HEMLINE_HOME.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", validation_alias=AliasChoices("LOG_LEVEL"), description="Log level."
    )
    otel_endpoint: WebAddress = Field(
        default="",
        validation_alias=AliasChoices("OTEL_EXPORTER_OTLP_ENDPOINT"),
        description="Address of an OpenTelemetry collector that takes traces as OTLP over HTTP, "
        "such as http://collector:4318, for which Hemline is installed as `hemline[otel]`. Empty: "
        "nothing is traced.",
    )
    otel_headers: Secret = Field(
        default="",
        validation_alias=AliasChoices("OTEL_EXPORTER_OTLP_HEADERS"),
        description="Headers for that collector, as NAME=VALUE with commas between them and "
        "percent-encoded values, such as Authorization=Bearer%20TOKEN.",
    )
    otel_service_name: str = Field(
        default="",
        validation_alias=AliasChoices("OTEL_SERVICE_NAME"),
        description="Name of the service in traces. Empty: hemline-backend, hemline-worker and "
        "hemline-training.",
    )
    device: Device = Field(
        default="auto",
        validation_alias=AliasChoices("DEVICE", "HEMLINE_DEVICE"),
        description="Where networks run: auto uses a GPU if there is one.",
    )
    runtime: RuntimeName = Field(
        default="auto",
        description="What runs the networks of model versions: auto takes OpenVINO on a CPU where "
        "it is installed and runs, else PyTorch. On a GPU it is PyTorch.",
    )
    int8: Literal["auto", "on", "off"] = Field(
        default="auto",
        description="Whether OpenVINO runs networks in int8 where that loses little Dice. auto: on "
        "CPUs with int8 instructions (VNNI, AMX, ARM's dot products); others gain nothing by it.",
    )

    predict_budget_s: float = Field(
        default=45.0,
        gt=0,
        description="Seconds after which /predict answers with what it has and hands the rest to "
        "the worker. Label Studio gives up after 100 s.",
    )
    predict_threads: int = Field(
        default=0,
        ge=0,
        description="CPU threads of one prediction. 0: all cores.",
    )
    sure_from: float = Field(
        default=0.97,
        ge=0,
        le=1,
        description="Expected Dice from which a mask is given to somebody who has opened a task "
        "without a look at the photo's mirror image, which takes as long again. 1: never so. Tasks "
        "that are predicted ahead are always looked at twice.",
    )
