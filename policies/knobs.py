"""The knobs of one surface as one table: names, defaults, ranges and meanings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal


def knob(default: Any, means: str, **limits: float) -> Any:
    """A field of the table; `limits` are `ge`, `le` and `gt`, checked where knobs come in."""
    return field(default=default, metadata={"means": means, **limits})


@dataclass(frozen=True)
class Knobs:
    """A product owner's settings for one surface. Durations are seconds.

    The table only holds values; `recsvc.config` checks what people write against it.
    """

    k: int = knob(10, "seats of the slate", ge=1, le=100)
    churn_limit: float = knob(
        0.2, "share of the filled seats that one step may give to newcomers", ge=0, le=1
    )
    hold_s: float = knob(
        30.0, "least time from the last chosen change, or the start, to the next step", ge=0
    )
    session_budget: int | None = knob(
        6, "displacements allowed within any window of budget_window_s", ge=0
    )
    budget_window_s: float = knob(600.0, "length of that sliding window", gt=0)
    max_shift: int | None = knob(
        0, "seats that a kept item may move in one step; null: any number", ge=0, le=99
    )
    seat_weights: Literal["uniform", "dcg"] = knob(
        "uniform", "uniform: every seat counts the same; dcg: the top seats count most"
    )
    margin: float = knob(
        0.0, "advantage of incumbents, in standard deviations of the request's scores", ge=0
    )
    margin_by_profile: bool = knob(True, "the more is known of the visitor, the smaller the margin")
    seat_margin: float = knob(
        0.0, "advantage of a kept item in its own seat, in the unit of margin", ge=0
    )
    half_life_s: float | None = knob(None, "idle time that halves what the limit forbids", gt=0)
    refresh_every_s: float | None = knob(None, "time alone becomes a cause after this long", gt=0)
    session_ttl_s: float = knob(1800.0, "a session idle for longer begins anew", gt=0)
    carry_over: bool = knob(False, "a consented user's last slate begins the next session")
    slate_key: tuple[str, ...] = knob((), "context keys whose values name separate slates")
    hold_when: str | None = knob(None, "rule: while it is true, only forced changes")
    refresh_when: str | None = knob(None, "rule: when it becomes true, every seat may change")
    deadline_ms: int = knob(50, "time of the primary recommender", ge=5, le=5000)
    consumed_by: tuple[str, ...] = knob(
        ("purchase",), "event types after which an item leaves this surface"
    )
    dismiss_days: int = knob(30, "how long a consented user's dismissals last", ge=0)
