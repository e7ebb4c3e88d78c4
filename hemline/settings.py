"""Every setting, its default and its meaning, in one place. Read from the environment."""

from functools import lru_cache
from hashlib import sha256
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote

from pydantic import (
    AfterValidator,
    AliasChoices,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import NoDecode, SettingsConfigDict

from hemline.errors import SettingsError
from hemline.redaction import keep_secret
from hemline.setting_errors import sentence
from hemline.setting_files import SettingsWithFiles
from hemline.setting_types import Password, Secret, ServerAddress, WebAddress
from hemline.setting_values import secrets_of_address, user_name

Device = Literal["auto", "cpu", "cuda"]
RuntimeName = Literal["auto", "torch", "openvino"]
_UNIX_SOCKET_PATH_LIMIT = 100  # Linux allows 107 bytes; a little is left for suffixes.


class Settings(SettingsWithFiles):
    """Settings of one Hemline deployment. Each field's description is its documentation."""

    model_config = SettingsConfigDict(
        env_prefix="HEMLINE_",
        extra="ignore",
        populate_by_name=True,
        frozen=True,
        hide_input_in_errors=True,
    )

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
        description="Where masks, weights and checkpoints are stored: a folder or any fsspec URL. "
        "Empty: artifacts/ in HEMLINE_HOME.",
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
    recipe: str = Field(
        default="hemline",
        description="Recipe that corrections are trained with: a name under "
        "recipes/ or the path of a file.",
    )
    hold_lost_work: bool = Field(
        default=True,
        description="Hold a save that looks like lost work until somebody confirms it: nothing "
        "drawn over a sure pre-fill, or a label missing that was drawn before.",
    )
    retrain_after: int = Field(
        default=20, ge=1, description="Corrections since the last training that start the next one."
    )
    retrain_every_h: float = Field(
        default=0.0,
        ge=0,
        description="Hours after which a training starts if there are new corrections. 0: never.",
    )
    gold_share: float = Field(
        default=0.25,
        gt=0,
        lt=1,
        description="Share of garments held back from training to evaluate models on.",
    )
    validation_share: float = Field(
        default=0.1,
        ge=0,
        lt=1,
        description="Share of garments that choose the best epoch and the threshold.",
    )
    gold_minimum: int = Field(
        default=5,
        ge=5,
        description="Gold garments needed before a training starts: below 5 no paired test can "
        "reach the 5 % level.",
    )
    lost_photos: float = Field(
        default=0.2,
        ge=0,
        lt=1,
        description="Share of a training's photos that may be missing or broken. With more of them "
        "the training fails and says which.",
    )
    promotion_p: float = Field(
        default=0.05,
        gt=0,
        le=0.5,
        description="A candidate is promoted if its Dice is higher on the gold split at this "
        "one-sided level.",
    )
    rank_after: int = Field(
        default=20, ge=1, description="New labels since the last ranking that start the next one."
    )
    rank_every_h: float = Field(
        default=24.0,
        gt=0,
        description="Hours after which a ranking starts if there are new labels.",
    )
    review_shown: int = Field(
        default=50,
        ge=0,
        description="Tasks at the top of the review order that get their reasons in Label Studio.",
    )
    reconcile_every_s: float = Field(
        default=60.0, gt=0, description="Seconds between checks for changes that webhooks missed."
    )
    sweep_every_s: float = Field(
        default=5.0,
        gt=0,
        description="Seconds between checks for deliveries and runs that no worker is handling.",
    )
    lease_s: float = Field(
        default=30.0,
        gt=0,
        description="Seconds without a heartbeat after which another worker takes over a run.",
    )

    @field_validator("*", mode="before")
    @classmethod
    def _without_line_break(cls, value: object) -> object:
        """As it is read from a file: the line break at the end is not meant."""
        return value.strip("\r\n") if isinstance(value, str) else value

    @field_validator("home", mode="after")
    @classmethod
    def _is_text(cls, value: Path) -> Path:
        try:
            str(value).encode("utf-8")
        except UnicodeEncodeError:
            raise ValueError("it is not UTF-8; choose another folder") from None
        return value

    def model_post_init(self, context: Any, /) -> None:
        """What is secret is hidden from here on, whatever it is written into."""
        user, password = self.basic_auth_user, self.basic_auth_pass
        keep_secret(
            [
                self.label_studio_api_key,
                self.webhook_secret,
                self.secret_key,
                password,
                *([f"{user}:{password}"] if password else []),
                *secrets_of_address(self.database_url),
                *secrets_of_address(self.redis_url),
                *secrets_of_address(self.artifact_url),
            ]
        )

    @model_validator(mode="after")
    def _has_both_credentials(self) -> "Settings":
        if bool(self.basic_auth_user) != bool(self.basic_auth_pass):
            raise ValueError("set both BASIC_AUTH_USER and BASIC_AUTH_PASS, or neither")
        return self

    @field_validator("image_hosts", mode="before")
    @classmethod
    def _split_hosts(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(host.strip().lower() for host in value.split(",") if host.strip())

    @field_validator("forwarded_allow_ips", mode="before")
    @classmethod
    def _split_proxies(cls, value: object) -> object:
        if isinstance(value, str):
            value = tuple(proxy.strip() for proxy in value.split(",") if proxy.strip())
        if isinstance(value, tuple | list):
            for proxy in value:
                if proxy != "*":
                    ip_network(str(proxy))  # its ValueError says what is wrong
        return value

    @property
    def home_path(self) -> Path:
        return self.home.expanduser().absolute()

    @property
    def database(self) -> str:
        """SQLAlchemy URL, never empty."""
        return self.database_url or f"sqlite:///{quote(str(self.home_path / 'hemline.db'))}"

    @property
    def artifacts(self) -> str:
        """fsspec URL or folder, never empty."""
        return self.artifact_url or str(self.home_path / "artifacts")

    @property
    def redis_socket(self) -> Path:
        """Unix socket of the embedded Redis; in the temporary folder if HOME is too deep."""
        socket = self.home_path / "redis.sock"
        if len(str(socket)) <= _UNIX_SOCKET_PATH_LIMIT:
            return socket
        name = sha256(str(self.home_path).encode()).hexdigest()[:16]
        return Path("/tmp") / f"hemline-{name}" / "redis.sock"

    @property
    def broker(self) -> str:
        """Celery broker URL, never empty."""
        return self.redis_url or f"redis+socket://{quote(str(self.redis_socket))}"

    @property
    def reachable_backend_url(self) -> str:
        """The backend's address as Label Studio reaches it, without a trailing slash."""
        if self.backend_url:
            return self.backend_url.rstrip("/")
        everywhere = self.host in ("", "0.0.0.0", "::")  # listened on, but no address to call
        return f"http://{'127.0.0.1' if everywhere else self.host}:{self.port}"

    @property
    def link_url(self) -> str:
        """Label Studio's address in links for people, without a trailing slash."""
        return (self.label_studio_public_url or self.label_studio_url).rstrip("/")


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The settings of this process. Tests build their own `Settings(...)` instead.

    Raises:
        SettingsError: an environment variable has a value that is not allowed.
    """
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsError(sentence(error, Settings.model_fields)) from None
