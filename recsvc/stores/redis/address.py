"""RECSVC_REDIS_URL taken apart: which servers, how to connect, and whether they are a cluster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from redis.connection import AbstractConnection, Connection, UnixDomainSocketConnection, parse_url

from recsvc.errors import Misconfigured

CLUSTER: Final = "+cluster"
SCHEMES: Final = ("redis", "rediss", "unix", f"redis{CLUSTER}", f"rediss{CLUSTER}")


@dataclass(frozen=True)
class Address:
    """How to connect: `options` for redis-py's connection class `kind`, without host and port.

    `seeds` are (host, port) of servers that know the cluster; empty without one.
    """

    kind: type[AbstractConnection]
    options: Mapping[str, Any]
    seeds: tuple[tuple[str, int], ...] = ()

    @property
    def longest_s(self) -> float:
        """Seconds to wait for a connection and for an answer."""
        waits = ("socket_connect_timeout", "socket_timeout")
        return sum(float(self.options[name]) for name in waits)


def address_of(url: str, *, connect_s: float, answer_s: float) -> Address:
    """The address that a URL names, with the times to wait. Raises `Misconfigured`."""
    try:
        return _address_of(url, {"socket_connect_timeout": connect_s, "socket_timeout": answer_s})
    except (ValueError, TypeError) as error:
        raise Misconfigured(f"RECSVC_REDIS_URL cannot be used: {error}") from error


def _address_of(url: str, times: dict[str, float]) -> Address:
    scheme, _, rest = url.partition("://")
    if scheme not in SCHEMES:
        raise ValueError(f"it must begin with one of {', '.join(f'{s}://' for s in SCHEMES)}")
    clustered = scheme.endswith(CLUSTER)
    plain = scheme.removesuffix(CLUSTER)
    login, at, places = rest.partition("/")[0].partition("?")[0].rpartition("@")
    hosts = [place for place in places.split(",") if place] if clustered else []
    if clustered:
        if not hosts:
            raise ValueError(f"{plain}{CLUSTER}:// needs host:port, or several with commas")
        query = urlsplit(url).query
        rest = f"{login}{at}{hosts[0]}" + (f"?{query}" if query else "")
    parsed = dict(parse_url(f"{plain}://{rest}"))  # type: ignore[no-untyped-call]
    kind = parsed.pop("connection_class", Connection)
    options = {**times, **parsed}
    if not issubclass(kind, UnixDomainSocketConnection):
        # An idle connection whose other end vanished is found by the kernel, not by a visitor.
        options.setdefault("socket_keepalive", True)
        options.setdefault("host", "localhost")
        options.setdefault("port", 6379)
    if not clustered:
        return Address(kind, options)
    for name in ("host", "port", "db"):
        options.pop(name, None)
    return Address(kind, options, tuple(_place(host) for host in hosts))


def _place(text: str) -> tuple[str, int]:
    parts = urlsplit(f"//{text}")
    if not parts.hostname:
        raise ValueError(f"{text!r} is no host:port")
    return parts.hostname, parts.port or 6379
