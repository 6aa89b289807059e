"""Where policies lie in the plane of churn and accuracy, with their bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from simulations.report.pictures import BLUE, GREY, INK, RED
from simulations.report.results import Figure, Policy, Results

Range = tuple[float, float]


@dataclass(frozen=True)
class Spot:
    """One policy in the plane. `wide` and `tall` are its intervals, None where not known; `cost`
    is the change of its accuracy.

    `edge`: it lies beyond the upper (1) or lower (-1) edge and is marked there.
    """

    policy: Policy
    x: float
    y: float
    wide: Range | None
    tall: Range | None
    knee: bool
    best: bool
    cost: Figure | None = None
    edge: int = 0
    in_force: bool = False

    @property
    def color(self) -> str:
        """Knee red, anchors black, presets blue, the rest grey."""
        named = {"anchor": INK, "preset": BLUE}
        return RED if self.knee or self.in_force else named.get(self.policy.kind, GREY)

    @property
    def anchor(self) -> bool:
        """Whether it marks an end of the range and is no proposal."""
        return self.policy.kind == "anchor"

    @property
    def rank(self) -> int:
        """Who is named first: the knee, then anchors, presets, the frontier, the rest."""
        if self.knee or self.in_force:
            return 0
        return {"anchor": 1, "preset": 2}.get(self.policy.kind, 3 if self.best else 4)


def spots(results: Results, relative: bool) -> list[Spot]:
    """All policies that have a place: churn and accuracy are known.

    Bars are the intervals of the paired difference to the baseline, since differences are what a
    choice rests on; the baseline, which does not differ from itself, has none. Where differences
    are not known, bars are the intervals of the figures themselves.
    """
    accuracy, base = results.accuracy.name, results.baseline
    units = tuple(base.mean(m) if base is not None else None for m in ("churn", accuracy))
    spots = []
    for policy in results.policies:
        at = (policy.mean("churn"), policy.mean(accuracy))
        x, y = at
        if x is None or y is None:
            continue
        if relative:
            if not units[0] or not units[1]:
                continue
            x, y = x / units[0], y / units[1] - 1
        wide = tall = None
        if policy is not base:
            wide = _bar(policy, "churn", units[0], relative, 1.0)
            tall = _bar(policy, accuracy, units[1], relative, 0.0)
        knee = results.knee is not None and results.knee.policy == policy.name
        spots.append(
            Spot(
                policy,
                x,
                y,
                wide,
                tall,
                knee,
                policy.name in results.frontier,
                policy.change(accuracy),
                in_force=policy.name == results.production,
            )
        )
    return sorted(spots, key=lambda s: (s.x, s.y, s.policy.name))


def _bar(
    policy: Policy, measure: str, unit: float | None, relative: bool, origin: float
) -> Range | None:
    """The interval along one axis, in the unit of that axis."""
    change_, own = policy.change(measure), policy.figure(measure)
    ends = _ends(change_)
    if ends is not None and unit:
        shift = 1.0 if not relative else origin
        factor = unit if not relative else 1.0
        return ((ends[0] + shift) * factor, (ends[1] + shift) * factor)
    ends = _ends(own)
    if ends is None or not relative:
        return ends
    return None


def _ends(figure: Figure | None) -> Range | None:
    if figure is None or figure.low is None or figure.high is None:
        return None
    return figure.low, figure.high


def span(spots: Sequence[Spot], level: float, focus: bool = False) -> tuple[list[Spot], Range]:
    """The upright range, and the spots with those marked that lie beyond it.

    Whatever is the same for everybody may be left beyond if it lies far off; with `focus` any
    anchor may, and bars of what has no name.
    """
    near = [s for s in spots if s.policy.personal and not (focus and s.anchor)] or list(spots)
    bars = [s.tall for s in near if s.tall is not None and not (focus and s.rank > 2)]
    values = [s.y for s in near] + [end for bar in bars for end in bar] + ([level] if focus else [])
    low, high = (min(values), max(values)) if values else (level, level)
    stretch = (1.0 if focus else 0.45) * (high - low or abs(level) * 0.1 or 0.01)
    for y in [s.y for s in spots if low - stretch <= s.y <= high + stretch]:
        low, high = min(low, y), max(high, y)
    room = high - low or abs(level) * 0.1 or 0.01
    reach = (low - 0.07 * room, high + 0.07 * room)
    return [at_edge(s, reach) for s in spots], reach


def at_edge(spot: Spot, span: Range) -> Spot:
    """The spot itself, or marked at the edge if it lies beyond."""
    return replace(spot, edge=-1 if spot.y < span[0] else 1 if spot.y > span[1] else 0)
