"""A GPU trains where implicit finds one, by its own switch; the CPU serves what was trained."""

from __future__ import annotations

from typing import Any, Final

from implicit import gpu

from recsvc.recommenders.matrix import Floats

PRESENT: Final[bool] = gpu.HAS_CUDA
"""Whether implicit can train on one here."""


def placed(factors: Floats) -> Any:
    """Factors as a solver takes them: on the GPU, where there is one."""
    return gpu.Matrix(factors) if PRESENT else factors


def on_cpu(solver: Any) -> Any:
    """The trained solver of implicit with its factors as numpy arrays, wherever it was trained."""
    return solver.to_cpu() if hasattr(solver, "to_cpu") else solver
