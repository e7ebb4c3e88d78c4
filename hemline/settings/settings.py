"""The settings of one deployment, read from the environment, and what follows from them."""

import os
from functools import lru_cache
from hashlib import sha256
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pydantic import (
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import SettingsConfigDict

from hemline.errors import SettingsError
from hemline.redaction import keep_secret
from hemline.setting_values import decoded_headers, environment_secrets, secrets_of_address
from hemline.settings.errors import sentence
from hemline.settings.learning import LearningSettings
from hemline.settings.service import ServiceSettings

_UNIX_SOCKET_PATH_LIMIT = 100  # Linux allows 107 bytes; a little is left for suffixes.


class Settings(LearningSettings, ServiceSettings):
    """Settings of one Hemline deployment. Each field's description is its documentation."""

    model_config = SettingsConfigDict(
        env_prefix="HEMLINE_",
        extra="ignore",
        populate_by_name=True,
        frozen=True,
        hide_input_in_errors=True,
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
                *self.otel_header_values.values(),
                *(value.rpartition(" ")[2] for value in self.otel_header_values.values()),
                *environment_secrets(os.environ),
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

    @field_validator("otel_headers", mode="after")
    @classmethod
    def _are_headers(cls, value: str) -> str:
        decoded_headers(value)
        return value

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
    def artifacts_are_shared(self) -> bool:
        """Whether other hosts may reach them: they are not in HEMLINE_HOME."""
        if "://" in self.artifacts:
            return True
        return not Path(self.artifacts).expanduser().absolute().is_relative_to(self.home_path)

    @property
    def otel_header_values(self) -> dict[str, str]:
        """Headers for the collector of traces, decoded."""
        return decoded_headers(self.otel_headers)

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
