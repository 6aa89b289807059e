"""What a study finds beyond the figures of each policy: what is free, what is best, how surely."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from simulations.figures import AXES, Sampled, Tally, changes
from simulations.free import Tried, cross_fitted, free_consistency
from simulations.frontier import on_front
from simulations.intervals import Floats, rounded
from simulations.production import IN_FORCE
from simulations.seeds import over_seeds
from simulations.study import NOT_PLAYED, Study


def tried_of(study: Study, proposals: Iterable[str]) -> Tried:
    """What a study may propose: the ends of the range are none, whatever they cost."""
    allowed = set(proposals)
    names = tuple(policy.name for policy in study.policies)
    eligible = tuple(
        n
        for n, policy in enumerate(study.policies)
        if policy.kind in ("grid", "preset") and policy.name in allowed
    )
    return Tried(names, eligible, study.number(study.baseline))


def free_of(table: Tally, found: Sampled, tried: Tried, study: Study) -> dict[str, Any]:
    """The free consistency of a study, and the same cross-fitted."""
    free = free_consistency(found.axes(), tried, len(table.values))
    return free | {
        "cross_fitted": cross_fitted(table.axes(), tried, study.bootstrap, study.seeds[0])
    }


def fronts(found: Sampled, points: Sequence[int]) -> dict[int, float]:
    """For each of these policies the chance that it is on the frontier, for other visitors."""
    chances = on_front(found.axes().samples[:, list(points)]).tolist()
    return {n: rounded(chance) for n, chance in zip(points, chances, strict=True)}


def wider(
    found: Sampled, by_seed: Floats, policy: int, baseline: int, *, pooled: bool
) -> dict[str, dict[str, float] | None]:
    """The changes on the two axes with intervals over visitors and seeds; None with one seed.

    `by_seed` are the figures of each seed, (seeds, policies, measures).
    """
    mean, samples = found.axes().change(policy, baseline)
    chosen = [found.measures.index(name) for name in AXES]
    apart = changes(by_seed[..., chosen], policy, baseline)
    return {
        name: over_seeds(mean[n], samples[:, n], apart[:, n], found.visitors, pooled=pooled)
        for n, name in enumerate(AXES)
    }


def shown(study: Study, chosen: Sequence[str | None]) -> dict[int, str]:
    """The policies told of slice by slice: the baseline, the presets, the knobs in force, and those
    `chosen`."""
    wanted = {study.baseline, IN_FORCE, *chosen}
    return {
        n: policy.name
        for n, policy in enumerate(study.policies)
        if policy.name in wanted or policy.kind == "preset"
    }


def recommended(study: Study, free: str | None, knee: str | None) -> dict[str, Any] | None:
    """The policy that is free, else the knee; its knobs are all that were played, as a surface
    takes them. None where there is neither."""
    name = free or knee
    if name is None:
        return None
    policy = study.policies[study.number(name)]
    # In full, so that a default that changes changes nothing here; but what was not played is left.
    played = {n: v for n, v in asdict(policy.knobs).items() if n not in NOT_PLAYED}
    knobs = {n: list(v) if isinstance(v, tuple) else v for n, v in played.items()}
    return {"policy": name, "why": "free" if free else "knee", "knobs": knobs}


def profiles(known: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Churn by how many items were known of the visitor."""
    return [
        {
            "policy": policy["policy"],
            "from": int(row["slice"].split("\N{EN DASH}")[0].split()[0]),
            "to": _end(row["slice"]),
            "churn": policy["churn"],
            "events": row["events"],
        }
        for row in known["slices"]
        for policy in row["policies"]
    ]


def _end(name: str) -> int | None:
    """The last number of a range like "1-5"; None where it is open."""
    last = name.split("\N{EN DASH}")[-1]
    return int(last) if last.isdigit() else None
