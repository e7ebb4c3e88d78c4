"""Begins and ends the recording of a process's spans, where the settings ask for it."""

import threading
from importlib.util import find_spec

from hemline.errors import SettingsError
from hemline.settings import Settings
from hemline.telemetry import spans

_STOP_S = 1.0  # for what has not been sent yet; a collector that is away does not hold up an end


def check_recording(settings: Settings) -> None:
    """For a process that forks those that record: nothing is begun.

    Raises SettingsError if the settings ask for traces and the packages are not installed.
    """
    if settings.otel_endpoint and not _is_installed():
        raise SettingsError(
            "OTEL_EXPORTER_OTLP_ENDPOINT is set, but what records traces is not installed; run "
            "`pip install 'hemline[otel]'`, or unset it"
        )


def start_recording(settings: Settings, process: str) -> None:
    """Records this process's spans from now on, if the settings ask for it.

    It starts a thread, so call it after the process was forked. process: "backend", "worker" or
    "training". Raises SettingsError as `check_recording` does.
    """
    if not settings.otel_endpoint:
        return
    check_recording(settings)
    from hemline.telemetry.open_telemetry import open_recorder

    spans.record_with(open_recorder(settings, process))


def stop_recording() -> None:
    """Sends what is left, within a second."""
    recorder = spans.recorder()
    if recorder is None:
        return
    spans.record_with(None)
    stopping = threading.Thread(target=recorder.stop, name="last spans", daemon=True)
    stopping.start()
    stopping.join(_STOP_S)


def _is_installed() -> bool:
    try:
        return all(
            find_spec(name) is not None
            for name in ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http")
        )
    except ModuleNotFoundError:  # of the package above
        return False
