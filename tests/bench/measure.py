"""CPU time of server processes for a number of requests, told by the kernel in nanoseconds."""

from __future__ import annotations

import http.client
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Round:
    """What one round of requests took: CPU microseconds and the median latency of each."""

    cpu_us: float
    median_ms: float
    p99_ms: float


def measured(port: int, path: str, requests: int, pids: list[int]) -> Round:
    """Send requests one after another over one connection; charge the servers' CPU to them."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    latencies = []
    before = cpu_ns(pids)
    for _ in range(requests):
        began = time.perf_counter()
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        latencies.append(time.perf_counter() - began)
        assert answer.status == 200, answer.status
    used = cpu_ns(pids) - before
    connection.close()
    latencies.sort()
    return Round(
        used / 1000 / requests,
        latencies[len(latencies) // 2] * 1000,
        latencies[int(len(latencies) * 0.99)] * 1000,
    )


def cpu_ns(pids: list[int]) -> int:
    """Nanoseconds on a processor of all threads of these processes."""
    return sum(
        int(task.read_text().split()[0])
        for pid in pids
        for task in Path(f"/proc/{pid}/task").glob("*/schedstat")
    )
