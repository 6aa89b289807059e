"""Made-up results of a study that look like those of a real one; the same at every call."""

from __future__ import annotations

import random
from typing import Any

MEASURES: tuple[tuple[str, str, str, str], ...] = (
    ("ndcg_next", "nDCG, next item", "higher", "how high up the next item stood"),
    ("hit_next", "hit rate, next item", "higher", "how often the next item was shown"),
    ("mrr_next", "MRR, next item", "higher", "1 / seat of the next item"),
    (
        "ndcg_rest",
        "nDCG, rest of the visit",
        "higher",
        "how well the slate foresaw all that the visitor turns to from here on",
    ),
    ("hit_rest", "hit rate, rest of the visit", "higher", "any of it was shown"),
    ("mrr_rest", "MRR, rest of the visit", "higher", "1 / seat of the first of it"),
    (
        "churn",
        "churn",
        "lower",
        "displacements / filled seats: what was chosen to go, per event",
    ),
    ("forced", "forced exits", "lower", "what had to go (bought, withdrawn), per event"),
    (
        "position_churn",
        "position churn",
        "lower",
        "share of the seats that show something else at the next event",
    ),
    ("rbo", "RBO", "higher", "rank-biased overlap of two successive slates, p = .9"),
    (
        "refinding",
        "re-finding",
        "higher",
        "of the things on the screen that the visitor turns to in this visit, before or after, "
        "the share still in its seat at the next event",
    ),
)
# name, kind, knobs, churn and accuracy relative to fresh, position churn, re-finding
POLICIES: tuple[tuple[str, str, dict[str, Any], float, float, float, float], ...] = (
    (
        "fresh",
        "anchor",
        {"churn_limit": 1.0, "hold_s": 0.0, "session_budget": None, "max_shift": None},
        1.0,
        0.0,
        0.312,
        0.571,
    ),
    ("frozen", "anchor", {"churn_limit": 0.0}, 0.0, -0.26, 0.011, 0.989),
    ("popularity", "anchor", {}, 0.004, -0.631, 0.012, 0.981),
    ("sticky", "preset", {}, 0.34, -0.046, 0.041, 0.942),
    (
        "gentle",
        "preset",
        {"margin": 0.5, "max_shift": None, "seat_margin": 0.2},
        0.69,
        -0.003,
        0.151,
        0.792,
    ),
    ("limit 0.1", "grid", {"churn_limit": 0.1, "max_shift": None}, 0.579, -0.019, 0.214, 0.702),
    ("limit 0.2", "grid", {"churn_limit": 0.2, "max_shift": None}, 0.77, -0.006, 0.262, 0.634),
    ("limit 0.3", "grid", {"churn_limit": 0.3, "max_shift": None}, 0.86, -0.002, 0.281, 0.609),
    ("limit 0.5", "grid", {"churn_limit": 0.5, "max_shift": None}, 0.95, 0.001, 0.301, 0.584),
    ("hold 30 s", "grid", {"hold_s": 30.0, "churn_limit": 0.3}, 0.41, -0.058, 0.061, 0.921),
    ("hold 120 s", "grid", {"hold_s": 120.0, "churn_limit": 0.3}, 0.22, -0.102, 0.032, 0.954),
    ("budget 3", "grid", {"session_budget": 3}, 0.19, -0.094, 0.03, 0.957),
    ("budget 12", "grid", {"session_budget": 12}, 0.47, -0.041, 0.055, 0.929),
    ("margin 0.5", "grid", {"margin": 0.5, "churn_limit": 1.0}, 0.72, -0.001, 0.241, 0.661),
    ("margin 1", "grid", {"margin": 1.0, "churn_limit": 1.0}, 0.51, -0.022, 0.204, 0.72),
    ("margin 2", "grid", {"margin": 2.0, "churn_limit": 0.1}, 0.29, -0.061, 0.101, 0.867),
)
TITLES = (
    "WHITE HANGING HEART T-LIGHT HOLDER",
    "REGENCY CAKESTAND 3 TIER",
    "JUMBO BAG PINK VINTAGE PAISLEY",
    "ASSTD DESIGN BUBBLE GUM RING",
    "12 PENCILS TALL TUBE RED RETROSPOT",
    "HOME BUILDING BLOCK WORD",
    "PACK OF 72 RETRO SPOT CAKE CASES",
    "STRAWBERRY CERAMIC TRINKET BOX",
    "HEART OF WICKER SMALL",
    "PARTY BUNTING",
    "SET OF 3 CAKE TINS PANTRY DESIGN",
    "WOODEN FRAME ANTIQUE WHITE",
    "LUNCH BAG BLACK SKULL.",
    "JUMBO STORAGE BAG SUKI",
    "VINTAGE UNION JACK BUNTING",
    "COLOUR GLASS T-LIGHT HOLDER HANGING",
    "NATURAL SLATE HEART CHALKBOARD",
    "GIN + TONIC DIET METAL SIGN",
    "RED WOOLLY HOTTIE WHITE HEART",
    "SCOTTIE DOG HOT WATER BOTTLE",
    "EDWARDIAN PARASOL NATURAL",
    "FELTCRAFT BUTTERFLIES",
    "PAPER CHAIN KIT 50'S CHRISTMAS",
    "ROTATING SILVER ANGELS T-LIGHT HLDR",
    "SMALL POPCORN HOLDER",
    "CHOCOLATE HOT WATER BOTTLE",
)


def figure(mean: float, spread: float) -> dict[str, float]:
    """A figure whose interval is `spread` wide to each side."""
    return {"mean": mean, "low": mean - spread, "high": mean + spread}


def results(
    scale: tuple[float, float] = (0.057, 0.094), name: str = "retail", **study: Any
) -> dict[str, Any]:
    """A whole `results.json`; `scale` is churn and accuracy of fresh."""
    churn, accuracy = scale
    policies = [_policy(*row, churn=churn, accuracy=accuracy) for row in POLICIES]
    best, frontier = -1.0, []
    for policy in sorted(policies, key=lambda p: p["figures"]["churn"]["mean"]):
        if policy["figures"]["ndcg_rest"]["mean"] > best:
            best = policy["figures"]["ndcg_rest"]["mean"]
            frontier.append(policy["name"])
    return {
        "format": 2,
        "study": {
            "name": name,
            "title": {"retail": "Online Retail II, 2009 and 2010"}.get(name, name),
            "about": "Wholesalers and shops buying gifts; the last fifth of the time is replayed.",
            "kind": "replay",
            "seeds": [1, 2],
            "k": 10,
            "model": "als",
            "level": 0.95,
            "bootstrap": 1000,
            "baseline": "fresh",
            **study,
        },
        "data": {
            "events": 393637,
            "users": 4312,
            "items": 4037,
            "visits": 3210,
            "visitors": 1740,
            "judged": 78727,
            "first": "2009-12-01T07:45:00Z",
            "last": "2010-12-09T20:01:00Z",
            "cut": "2010-10-27T12:20:00Z",
            "retrain": "2010-11-18T09:00:00Z",
        },
        "measures": [
            {"name": name, "label": label, "better": better, "means": means}
            for name, label, better, means in MEASURES
        ],
        "policies": policies,
        "frontier": frontier,
        "knee": {
            "policy": "limit 0.1",
            "rule": "The calmest policy on the frontier that loses at most 2 % of accuracy.",
        },
        "free": {
            **_free("limit 0.1"),
            "cross_fitted": {
                "churn": figure(-0.21, 0.02),
                "accuracy": figure(-0.002, 0.004),
                "halves": 10,
                "chosen": [
                    {"policy": "limit 0.1", "times": 13},
                    {"policy": "limit 0.3", "times": 7},
                ],
            },
        },
        "production": "hold 30 s",
        "recommended": {
            "policy": "limit 0.1",
            "why": "free",
            "knobs": {"k": 10, "margin": 0.5, "churn_limit": 1.0, "session_budget": None},
        },
        "profiles": _profiles(churn),
        "slices": [
            _cut("profile", "items known of the visitor at first", ("0", "1\u20135", "6 or more")),
            _cut("users.country", "country", ("United Kingdom", "any other")),
        ],
        "course": _cut("place", "number of the event in the visit", ("1", "2", "3 or more")),
        "gallery": [_visit(number) for number in range(5)],
        "notes": [
            "An invoice's lines share one timestamp and are sorted by stock code; the order within "
            "a basket is drawn from the seed, the times within it too.",
            "Time-based knobs are therefore judged on the world, not here.",
        ],
    }


def _policy(
    name: str,
    kind: str,
    knobs: dict[str, Any],
    calm: float,
    cost: float,
    position: float,
    refinding: float,
    churn: float,
    accuracy: float,
) -> dict[str, Any]:
    """One policy of the table above with all its figures."""
    level = 1 + cost
    base = {
        "ndcg_next": 0.61 * accuracy,
        "hit_next": 0.142,
        "mrr_next": 0.0487,
        "ndcg_rest": accuracy,
        "hit_rest": 0.4381,
        "mrr_rest": 0.1796,
    }
    figures: dict[str, Any] = {
        measure: figure(value * level, value * 0.05) for measure, value in base.items()
    }
    figures |= {
        "churn": figure(churn * calm, 0.04 * churn * calm),
        "forced": figure(0.0412, 0.0021),
        "position_churn": figure(position, 0.03 * position),
        "rbo": figure(1 - 0.8 * position, 0.004),
        "refinding": figure(refinding, 0.006),
    }
    against: dict[str, Any] = {
        measure: figure(cost, 0.002 + 0.16 * abs(cost) ** 0.8) for measure in base
    }
    against |= {
        "churn": figure(calm - 1, 0.02 * min(1.0, 6 * abs(calm - 1)) * (calm > 0)),
        "forced": figure(0.0, 0.001),
        "position_churn": figure(position / 0.312 - 1, 0.012),
        "rbo": figure((1 - 0.8 * position) / (1 - 0.8 * 0.312) - 1, 0.004),
        "refinding": figure(refinding / 0.571 - 1, 0.009),
    }
    return {
        "name": name,
        "kind": kind,
        "personal": name != "popularity",
        "knobs": knobs,
        "figures": figures,
        "against": {} if name == "fresh" else against,
        "largest_step": {"limit 0.1": 1, "frozen": 0, "fresh": 7}.get(name, 2),
        "steps": 61234,
        "answers": 148201,
        "on_front": None if name == "popularity" else 0.873,
        "over_seeds": {} if name == "fresh" else {"churn": figure(calm - 1, 0.03 * calm)},
        "price": None
        if name == "fresh"
        else {
            "spared": figure(1000 * churn * (1 - calm), 2.0),
            "lost": figure(-100 * accuracy * cost, 0.05),
            "missed": figure(-14.2 * cost, 0.04),
            "each": None,
        },
    }


def _free(policy: str) -> dict[str, Any]:
    """What is free, and what too few visitors leave open."""
    return {
        "policy": policy,
        "churn": figure(-0.28, 0.012),
        "accuracy": figure(-0.001, 0.003),
        "margin": 0.01,
        "visitors": 1740,
        "detectable": 0.0123,
        "enough": False,
        "undecided": {"policy": "margin 1", "churn": -0.49, "accuracy": -0.006, "visitors": 9123},
    }


def _cut(name: str, label: str, names: tuple[str, ...]) -> dict[str, Any]:
    """One cut; the first slice surely pays."""
    return {
        "name": name,
        "label": label,
        "slices": [
            {
                "slice": one,
                "visitors": 300 - 100 * number,
                "events": 900,
                "free": _free("limit 0.3") if number else {**_free(""), "policy": None},
                "policies": [
                    {
                        "policy": policy,
                        "churn": figure(0.05, 0.004),
                        "accuracy": figure(0.09, 0.006),
                        "against": against,
                        "chance": 0.001,
                        "sure": number == 0,
                    }
                    for policy, against in (
                        ("fresh", None),
                        (
                            "limit 0.1",
                            {"churn": figure(-0.3, 0.01), "accuracy": figure(-0.02, 0.01)},
                        ),
                    )
                ],
            }
            for number, one in enumerate(names)
        ],
        "left_out": [{"slice": "Iceland", "visitors": 3}],
    }


def _profiles(churn: float) -> list[dict[str, Any]]:
    """Churn falls as more is known; stickiness helps most where least is."""
    buckets = ((0, 5, 5.2), (6, 20, 2.4), (21, 50, 1.3), (51, None, 0.7))
    return [
        {
            "policy": policy,
            "from": start,
            "to": end,
            "churn": figure(churn * factor * calm, 0.06 * churn * factor * calm),
            "events": int(9000 * (1 + start / 10)),
        }
        for policy, calm in (("fresh", 1.0), ("limit 0.1", 0.58), ("sticky", 0.31), ("frozen", 0.0))
        for start, end, factor in buckets
    ]


def _visit(number: int) -> dict[str, Any]:
    """One visit: fresh re-ranks by scores that wander, sticky lets at most one newcomer in."""
    draw = random.Random(number)
    scores = {title: draw.gauss(0, 1) for title in TITLES}
    plain: list[str] = []
    sticky: list[str] = []
    bought: set[str] = set()
    event: dict[str, Any] | None = None
    rows = []
    for _look in range(8):
        ranked = sorted((t for t in TITLES if t not in bought), key=lambda t: -scores[t])
        old_plain, old_sticky = list(plain), list(sticky)
        plain = ranked[:10]
        sticky = [t for t in sticky if t not in bought] if sticky else ranked[:10]
        forced = len(old_sticky) - len(sticky) if old_sticky else 0
        seats: list[str | None] = [t if t in sticky else None for t in old_sticky] or list(sticky)
        for title in ranked:
            if None in seats and title not in seats:
                seats[seats.index(None)] = title
        filled = [title for title in seats if title is not None]
        newcomer = next(t for t in ranked if t not in filled)
        worst = min(filled, key=lambda t: scores[t])
        replaced = 0
        if old_sticky and scores[newcomer] > scores[worst] + 0.4:
            filled[filled.index(worst)] = newcomer
            replaced = 1
        sticky = filled
        rows.append(
            {
                "event": event,
                "slates": {"fresh": _slate(plain, old_plain), "sticky": _slate(sticky, old_sticky)},
                "changed": {
                    "fresh": {
                        "displaced": max(len(set(plain) - set(old_plain)) - forced, 0)
                        if old_plain
                        else 0,
                        "moved": sum(
                            t in old_plain and old_plain.index(t) != s for s, t in enumerate(plain)
                        ),
                        "forced": forced,
                    },
                    "sticky": {"displaced": replaced, "moved": 0, "forced": forced},
                },
            }
        )
        taken = draw.choice(plain[:4] if draw.random() < 0.35 else [t for t in ranked if t])
        bought.add(taken)
        event = {"type": "purchase", "item_id": f"id-{TITLES.index(taken)}", "title": taken}
        for title in TITLES:
            scores[title] += draw.gauss(0, 0.22)
    return {
        "visit": str(536365 + number),
        "user": str(17850 + number),
        "about": f"bought {12 + number} things on {3 + number} November 2010, known from "
        f"{40 - 9 * number} earlier ones",
        "policies": ["fresh", "sticky"],
        "rows": rows,
    }


def _slate(slate: list[str], before: list[str]) -> list[dict[str, Any]]:
    """A slate as the results hold it."""
    return [
        {
            "item_id": f"id-{TITLES.index(title)}",
            "title": title,
            "standing": "new"
            if title not in before
            else "kept"
            if before.index(title) == seat
            else "moved",
        }
        for seat, title in enumerate(slate)
    ]
