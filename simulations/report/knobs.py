"""Knobs in the words of somebody who looks at the slate, and as a study writes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from policies import Knobs
from simulations.report.numerals import clean, decimals
from simulations.report.results import Policy

DEFAULTS: Mapping[str, Any] = asdict(Knobs())


def limit_words(policy: Policy, k: int) -> str:
    """The one or two things that hold a policy back most, as somebody at the screen meets them."""
    if not policy.personal:
        return "the same for everybody"
    set_, whole = policy.knobs, {**DEFAULTS, **policy.knobs}
    telling = [name for name in ("margin", "session_budget", "hold_s") if set_.get(name)]
    telling += ["max_shift"] if "max_shift" in set_ or not telling else []
    limit = whole["churn_limit"]
    if not isinstance(limit, int | float) or limit < 1:
        telling.insert(0, "churn_limit")
    return "; ".join(_knob(name, whole[name], k) for name in telling[:2])


def all_words(policy: Policy, k: int) -> str:
    """Every knob of a policy in words; one that sets none has the defaults, which are told."""
    if policy.knobs:
        return "; ".join(knob_words(policy.knobs, k).values())
    if not policy.personal:
        return "the same for everybody, no knobs"
    main = ("churn_limit", "hold_s", "session_budget", "max_shift")
    return "; ".join(["the defaults", *(_knob(name, DEFAULTS[name], k) for name in main)])


def knob_words(knobs: Mapping[str, Any], k: int) -> dict[str, str]:
    """Plain words for the knobs that have some; others are told by name and value."""
    return {name: _knob(name, value, k) for name, value in knobs.items()}


def _knob(name: str, value: Any, k: int) -> str:
    """One knob in words."""
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else None
    if name == "churn_limit" and number is not None:
        seats = int(number * k + 1e-9)
        if seats == 0:
            return "nothing is replaced by choice"
        return f"at most {seats} of {k} replaced per step" if seats < k else "no limit per step"
    if name == "hold_s" and number is not None:
        return f"rests {number:g} s after a change" if number else "no rest after a change"
    if name == "session_budget":
        if value is None:
            return "no budget per visit"
        return f"a budget of {value} replacements"
    if name == "max_shift":
        if value is None:
            return "kept items may move"
        return "kept items stay put" if value == 0 else f"kept items move at most {value} seats"
    if name == "margin" and number is not None:
        return (
            f"newcomers must win by {_deviations(number)}"
            if number
            else ("no head start for what is there")
        )
    if name == "seat_margin" and number is not None:
        return f"a move must win by {_deviations(number)}"
    return f"{clean(name)} = {written(value)}"


def _deviations(number: float) -> str:
    size = f"{number:g}" if number >= 1 or number == 0 else decimals(number, 2).rstrip("0")
    return f"{size} standard deviation{'' if number == 1 else 's'}"


def written(value: Any) -> str:
    """A knob's value as a study writes it: TOML, which has no null and says "null" instead."""
    if value is None:
        return '"null"'
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        text = clean(value).replace("\\", "\\\\").replace('"', '\\"')
        return f'"{text}"'
    if isinstance(value, list | tuple):
        return f"[{', '.join(written(part) for part in value)}]"
    return clean(str(value))
