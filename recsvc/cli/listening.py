"""Is a port free, and does a service answer there?"""

from __future__ import annotations

import socket
import time
import urllib.request
from collections.abc import Callable

from recsvc.errors import Misconfigured


def refuse_taken_port(host: str, port: int, patience_s: float = 2.0) -> None:
    """Raise `Misconfigured` when something listens there, and still does after a little patience.

    The workers of a service that was just killed need a moment to notice.
    """
    end = time.monotonic() + patience_s
    while _taken(host, port):
        if time.monotonic() > end:
            raise Misconfigured(
                f"Something already listens on {host}:{port}; stop it, or take another --port."
            )
        time.sleep(0.1)


def _taken(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=0.5).close()
    except OSError:
        return False
    return True


def wait_until_ready(url: str, alive: Callable[[], bool], patience_s: float = 60.0) -> bool:
    """Wait for `/readyz`; False when the process died or the patience is over."""
    end = time.monotonic() + patience_s
    while alive() and time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=1) as answer:
                if answer.status == 200:
                    return True
        except OSError:
            time.sleep(0.1)
    return False
