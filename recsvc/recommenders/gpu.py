"""A GPU trains where implicit finds one, by its own switch; the CPU serves what was trained."""

from __future__ import annotations

from typing import Any


def on_cpu(solver: Any) -> Any:
    """The trained solver of implicit with its factors as numpy arrays, wherever it was trained."""
    return solver.to_cpu() if hasattr(solver, "to_cpu") else solver
