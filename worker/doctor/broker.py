"""Redis, which carries work to the worker."""

from collections.abc import Iterator

from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from hemline.settings import Settings
from hemline.system.queue import redis_address
from worker.doctor.diagnosis import Diagnosis, fault, healthy
from worker.host.embedded_redis import EmbeddedRedis

NAME = "broker"
WAY_OUT = "start Redis, or set REDIS_URL to where it is"

_TIMEOUT_S = 2.0


def check_broker(settings: Settings) -> Iterator[Diagnosis]:
    """PING, at REDIS_URL or on the socket of the Redis that a worker brings along."""
    if settings.redis_url:
        yield _at_address(settings.redis_url)
    elif EmbeddedRedis(settings).answers():
        yield healthy(NAME, f"the embedded Redis answers on '{settings.redis_socket}'")
    else:
        yield fault(
            NAME,
            f"the embedded Redis does not answer on '{settings.redis_socket}': no worker has "
            "started it",
            "start `hemline worker`, or set REDIS_URL",
        )


def _at_address(url: str) -> Diagnosis:
    try:
        client = Redis.from_url(
            redis_address(url),
            socket_timeout=_TIMEOUT_S,
            socket_connect_timeout=_TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),
        )
        try:
            client.ping()
        finally:
            client.close()
    except (RedisError, OSError) as error:
        return fault(NAME, f"Redis at {url} does not answer ({error})", WAY_OUT)
    except ValueError as error:
        return fault(NAME, f"REDIS_URL is '{url}': {error}", "write it as redis://host:6379/0")
    return healthy(NAME, f"Redis at {url} answers")
