"""The knobs that a judge needs, with the contract's defaults for those not named."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

DEFAULT_TTL_S = 1800.0


@dataclass(frozen=True, slots=True)
class Knobs:
    """Published knobs of one surface; times in seconds."""

    k: int = 10
    churn_limit: float = 0.2
    hold_s: float = 30.0
    session_budget: int | None = 6
    budget_window_s: float = 600.0
    max_shift: int | None = 0
    half_life_s: float | None = None
    refresh_every_s: float | None = None
    session_ttl_s: float = DEFAULT_TTL_S
    carry_over: bool = False
    hold_when: str | None = None
    refresh_when: str | None = None
    consumed_by: tuple[str, ...] = ("purchase",)
    dismiss_days: float = 30.0

    def most_displacements(self, filled: int, idle_s: float) -> int:
        """Return the largest `allowed` that follows from the limit (the budget comes on top)."""
        limit = self.churn_limit
        if self.half_life_s:
            limit = 1.0 - (1.0 - limit) * 2.0 ** (-max(0.0, idle_s) / self.half_life_s)
        return math.floor(limit * filled + 1e-9)


def knobs_from(raw: Mapping[str, object]) -> Knobs:
    """Read published knobs; unknown names and values of another type fall back to the default."""
    numbers = {"churn_limit", "hold_s", "budget_window_s", "session_ttl_s", "dismiss_days"}
    optional = {"session_budget", "max_shift", "half_life_s", "refresh_every_s"}
    found: dict[str, Any] = {}
    for name, value in raw.items():
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if (
            (name in numbers and number)
            or (name in optional and (number or value is None))
            or (name == "k" and isinstance(value, int))
            or (name == "carry_over" and isinstance(value, bool))
        ):
            found[name] = value
        elif name in {"hold_when", "refresh_when"}:
            found[name] = None if value is None else str(value)
        elif name == "consumed_by" and isinstance(value, list | tuple):
            found[name] = tuple(str(each) for each in value)
    return Knobs(**found)
