"""The yardstick: a Flask view that runs one Redis script and returns a body of a slate's size."""

from __future__ import annotations

import os

from flask import Flask, Response
from redis import Redis

SCRIPT = """
local before = redis.call('GET', KEYS[1])
redis.call('SET', KEYS[1], ARGV[1], 'PX', 1800000)
return before
"""
STATE = b"s" * 2000
"""As much as a session with one slate takes."""


def create_app() -> Flask:
    """One route with the body of the file that BENCH_BODY names, over the Redis of BENCH_REDIS."""
    with open(os.environ["BENCH_BODY"], "rb") as file:
        body = file.read()
    app = Flask("bare")
    run = Redis.from_url(os.environ["BENCH_REDIS"]).register_script(SCRIPT)

    @app.get("/bare")
    def bare() -> Response:
        run(keys=["bare"], args=[STATE])
        return Response(body, mimetype="application/json")

    @app.get("/readyz")
    def readyz() -> Response:
        return Response(b"{}", mimetype="application/json")

    return app
