"""Random numbers by purpose: what one purpose draws never disturbs what another one draws."""

from __future__ import annotations

import hashlib

import numpy as np


def stream(seed: int, *purpose: str, number: int = 0) -> np.random.Generator:
    """The generator of one purpose, for example (seed, "visits", user); `number` tells apart what
    has no name."""
    key = int.from_bytes(hashlib.sha256("\0".join(purpose).encode()).digest()[:8], "big")
    return np.random.default_rng([seed, key, number] if number else [seed, key])
