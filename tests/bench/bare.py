"""The yardstick: a Flask view that only returns a body of the size of a slate."""

from __future__ import annotations

import os

from flask import Flask, Response


def create_app() -> Flask:
    """One route with the body of the file that BENCH_BODY names."""
    with open(os.environ["BENCH_BODY"], "rb") as file:
        body = file.read()
    app = Flask("bare")

    @app.get("/bare")
    def bare() -> Response:
        return Response(body, mimetype="application/json")

    @app.get("/readyz")
    def readyz() -> Response:
        return Response(b"{}", mimetype="application/json")

    return app
