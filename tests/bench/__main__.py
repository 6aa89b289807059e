"""`make bench`: what a held and a decided answer cost, beside a bare Flask view, in one run.

One worker each, the same server, the same body; rounds in turn, medians quoted. The bare view runs
one Redis script; ours keep their sessions in the embedded store and in the same Redis. The visitor
is consented and known, by a host's secret or on loopback; a held answer reads session, consent,
what was bought and dismissed and what is withdrawn. The decided answer is a step: profile, fold-in,
4,000 items ranked, decision, reasons, one write with the ledger.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from recsvc.data import Tables, read_tables
from recsvc.recommenders.artifacts.registry import promote
from recsvc.recommenders.training.train import train
from simulations.shop import generate

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

from redises import RedisServer  # noqa: E402 (the tests' own, found by the line above)
from visiting import Client  # noqa: E402
from workers import Workers, free_port  # noqa: E402

from tests.bench.measure import Round, measured  # noqa: E402

ROUNDS, REQUESTS, ITEMS = 7, 1500, 4000
SURFACES = """
[surfaces.held]
[surfaces.decided]
hold_s = 0
session_budget = 1000000
refresh_every_s = 0.000001
"""


def tables() -> Tables:
    """Online Retail II where it lies beside the project, else a generated shop of its size."""
    folder = os.environ.get("RECSVC_TEST_DATA", str(HERE.parents[2] / "shared" / "data"))
    real = Path(folder) / "online-retail-ii-2009"
    return read_tables(real) if real.is_dir() else generate(1, users=4000, items=ITEMS)


@contextmanager
def bare_view(body: bytes, redis: RedisServer, folder: Path) -> Iterator[tuple[int, list[int]]]:
    """The yardstick under the same server; its port and processes."""
    (folder / "body.json").write_bytes(body)
    port = free_port()
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--factory"]
    command += ["--port", str(port), "--workers", "1", "--blocking-threads", "1"]
    command += ["--no-ws", "--log-level", "warning", "tests.bench.bare:create_app"]
    env = os.environ | {"BENCH_BODY": str(folder / "body.json"), "BENCH_REDIS": redis.unix_url}
    process = subprocess.Popen(command, env=env, cwd=HERE.parents[1])
    try:
        _wait(f"http://127.0.0.1:{port}/readyz")
        yield port, _family(process.pid)
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait(url: str) -> None:
    for _ in range(200):
        try:
            urllib.request.urlopen(url, timeout=0.1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"nothing answers at {url}")


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(int(child) for child in children)]


def main() -> None:
    """Measure and print."""
    data = tables()
    user = str(data.interactions["user_id"].value_counts().index[1000])
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        model = train(data, model="als", home=home, seed=1, progress=print, measure=False)
        promote(home, model.name)
        (home / "surfaces.toml").write_text(SURFACES)
        with Workers(home, workers=1) as service:
            client = Client(service.url)
            client.consent("users", user)
            for surface in ("held", "decided"):
                slate = client.slate(surface, "bench", user_id=user)
                assert slate["served_by"]["rung"] == "primary"
            body = str(client.send("GET", "/v1/slates/held?session_id=bench&user_id=" + user)[2])
        redis = RedisServer(home / "redis").start()
        try:
            with (
                Workers(home, workers=1) as embedded,
                Workers(home, workers=1, redis_url=redis.unix_url) as over_redis,
                bare_view(body.encode(), redis, home) as (port, pids),
            ):
                ours = {"embedded": embedded, "Redis": over_redis}
                report(run(ours, port, pids, user), len(body))
        finally:
            redis.kill()


def run(ours: dict[str, Workers], port: int, pids: list[int], user: str) -> dict[str, list[Round]]:
    """Rounds in turn, after one to warm up."""
    query = f"?session_id=bench&user_id={user}"
    rows: dict[str, list[Round]] = {}
    for number in range(ROUNDS + 1):
        turn = {"bare view": measured(port, "/bare", REQUESTS, pids)}
        for store, service in ours.items():
            for surface in ("held", "decided"):
                path = f"/v1/slates/{surface}{query}"
                turn[f"{surface}, {store}"] = measured(
                    service.port, path, REQUESTS, service.processes()
                )
        if number:
            for name, one in turn.items():
                rows.setdefault(name, []).append(one)
    return rows


def report(rows: dict[str, list[Round]], size: int) -> None:
    """A line per kind of request, with the ratio to the bare view of the same round."""
    print(f"\n{ROUNDS} rounds of {REQUESTS} requests, body of {size:,} bytes, one worker\n")
    print(f"{'':<19}{'CPU us':>8}{'ratio':>8}{'median ms':>11}{'p99 ms':>9}")
    for name, rounds in rows.items():
        pairs = zip(rounds, rows["bare view"], strict=True)
        ratio = median(one.cpu_us / bare.cpu_us for one, bare in pairs)
        print(
            f"{name:<19}{median(r.cpu_us for r in rounds):>8.0f}{ratio:>8.2f}"
            f"{median(r.median_ms for r in rounds):>11.2f}{median(r.p99_ms for r in rounds):>9.2f}"
        )


if __name__ == "__main__":
    main()
