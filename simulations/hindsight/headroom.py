"""How much of what hindsight could have gained over a frozen slate each policy gets.

    share = (policy - frozen) / (hindsight - frozen)

summed over sampled visits; hindsight keeps the policy's own limit, hold and budget. Once worth is
what the recommender believed: then 1 means that nobody could have served its scores better under
that limit, and what is missing is the price of not knowing the next score. And once it is what
came: then hindsight knows what nobody can, and the share says how far scores are from the truth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

import numpy as np

from policies import Knobs
from simulations.draws import stream
from simulations.eras import Trained
from simulations.forms import OWN, Replay
from simulations.hindsight.permits import Permit, permit_of
from simulations.hindsight.program import Floats
from simulations.hindsight.schedule import best_schedule, schedule_bound
from simulations.hindsight.stays import Stay, Watcher
from simulations.intervals import draws, effective, figure, ratios, rounded
from simulations.play import Player
from simulations.scenario import Scenario, Visit
from simulations.study import Policy, Study

_WORTHS = ("belief", "truth")
_FROZEN, _OWN, _BEST, _FORESIGHT = range(4)
_LEAST = 1e-9
"""A headroom below this is what sums leave of equal numbers."""


def comparable(study: Study) -> tuple[Policy, ...]:
    """The policies that ask the study's own model, and whose slates begin and fill alike."""
    base = study.policies[study.number(study.baseline)].knobs
    common = [(p.knobs.consumed_by, p.knobs.session_ttl_s) for p in study.policies]
    return tuple(
        policy
        for policy, theirs in zip(study.policies, common, strict=True)
        if policy.personal
        and not policy.knobs.carry_over
        and policy.recommender == OWN
        and policy.decide is None
        and theirs == (base.consumed_by, base.session_ttl_s)
    )


def headroom_of(
    study: Study, scenario: Scenario, models: Sequence[Trained], *, visits: int = 200
) -> list[dict[str, Any]]:
    """A row for each comparable policy, over so many visits drawn by the study's first seed.

    `belief` and `truth` hold what a slate of `frozen`, `policy` and `hindsight` was worth and the
    policy's `share` with its interval over visitors (None where there is no headroom). Belief is
    the mean score of a seat, in the model's own unit, over all answers; truth the share of what
    the visitor turns to in the rest of the visit that is on the slate, or in a world the chance of
    the next thing to be on it, over judged events. `foresight` is the share that the schedule which
    is best by belief gets of the truth. `exact` tells whether hindsight is a schedule; else it is a
    bound, and shares are at least so large.
    """
    base = study.policies[study.number(study.baseline)].knobs
    frozen = replace(base, churn_limit=0.0, hold_s=0.0, session_budget=None)
    mine = comparable(study)
    remembers = not isinstance(study.source, Replay) or study.source.remembers == "visitor"
    player = Player(
        (Policy("frozen", "anchor", frozen), *mine),
        [model.era() for model in models],
        scenario.shelf,
        remembers,
    )
    watcher = Watcher.of(player, scenario.truth)
    tally = _Tally([policy.knobs for policy in mine])
    drawn = set(sampled(scenario.visits, visits, study.seeds[0]))
    for _, theirs in groupby(scenario.visits, key=lambda visit: visit.user_id):
        by_user = list(theirs)
        if any(visit.visit_id in drawn for visit in by_user):
            for stay in watcher.stays(by_user, drawn):
                tally.add(stay)
    return tally.rows([policy.name for policy in mine], study, len(drawn))


def sampled(visits: Sequence[Visit], count: int, seed: int) -> list[str]:
    """The ids of the visits that are looked at, each as likely as any other."""
    names = sorted(visit.visit_id for visit in visits)
    order = stream(seed, "hindsight").permutation(len(names))[:count]
    return [names[n] for n in order.tolist()]


@dataclass(frozen=True)
class _Best:
    """What hindsight is worth by belief and by truth, and its schedule of belief by truth."""

    belief: float
    truth: float
    foresight: float
    exact: bool


class _Tally:
    """Sums by visitor of what slates were worth: (worths, policies, frozen to foresight)."""

    def __init__(self, knobs: Sequence[Knobs]) -> None:
        self._knobs = knobs
        self._sums: dict[str, Floats] = {}
        self._exact = np.ones(len(knobs), dtype=np.bool_)
        self._answers = self._judged = 0

    def add(self, stay: Stay) -> None:
        """One stay of a sampled visit; the slates of the frozen policy come first in it."""
        self._answers += stay.answers
        self._judged += stay.judged
        empty = np.zeros((len(_WORTHS), len(self._knobs), 4))
        sums = self._sums.setdefault(stay.user, empty)
        found: dict[tuple[Any, ...], _Best] = {}
        for n, knobs in enumerate(self._knobs):
            permit = permit_of(knobs, stay.turns[n + 1])
            if permit.key not in found:
                found[permit.key] = _hindsight(stay, permit, knobs.k, n + 1)
            best = found[permit.key]
            self._exact[n] &= best.exact
            for w, worth in enumerate((stay.belief, stay.truth)):
                sums[w, n, _FROZEN] += _worth(worth, stay.slates[0])
                sums[w, n, _OWN] += _worth(worth, stay.slates[n + 1])
            sums[:, n, _BEST] += best.belief, best.truth
            sums[1, n, _FORESIGHT] += best.foresight

    def rows(self, names: Sequence[str], study: Study, visits: int) -> list[dict[str, Any]]:
        """The figures of so many visits."""
        if not self._sums:
            return []
        sums = np.stack([self._sums[user] for user in sorted(self._sums)])
        drawn = draws(len(sums), study.bootstrap, study.seeds[0])
        over = (max(1, self._answers) * study.k, max(1, self._judged))
        counts = {
            "visits": visits,
            "visitors": len(sums),
            "answers": self._answers,
            "judged": self._judged,
        }
        return [
            {
                "policy": name,
                "exact": bool(self._exact[n]),
                **counts,
                **{
                    worth: _told(sums[:, w, n], over[w], drawn, with_foresight=worth == "truth")
                    for w, worth in enumerate(_WORTHS)
                },
            }
            for n, name in enumerate(names)
        ]


def _hindsight(stay: Stay, permit: Permit, k: int, policy: int) -> _Best:
    """The best for each worth, beginning where the policy began."""
    start = stay.slates[policy][0]
    if permit.windows:
        most = [
            schedule_bound(worth, stay.eligible, k, permit.limit, permit.windows, start)
            for worth in (stay.belief, stay.truth)
        ]
        return _Best(most[0], most[1], np.nan, exact=False)
    belief, truth = (
        best_schedule(worth, stay.eligible, k, permit.limit, start)
        for worth in (stay.belief, stay.truth)
    )
    return _Best(belief.value, truth.value, _worth(stay.truth, belief.slates), exact=True)


def _worth(worth: Floats, slates: Sequence[Sequence[int]]) -> float:
    return sum(float(row[list(slate)].sum()) for row, slate in zip(worth, slates, strict=True))


def _told(sums: Floats, over: int, drawn: Floats, *, with_foresight: bool) -> dict[str, Any]:
    """Levels and shares from sums by visitor, shape (visitors, frozen to foresight)."""
    totals = sums.sum(axis=0)
    headroom = sums[:, _BEST] - sums[:, _FROZEN]
    told: dict[str, Any] = {
        name: rounded(totals[at] / over)
        for name, at in (("frozen", _FROZEN), ("policy", _OWN), ("hindsight", _BEST))
    }
    told["share"] = _share(sums[:, _OWN] - sums[:, _FROZEN], headroom, drawn)
    if with_foresight:
        told["foresight"] = _share(sums[:, _FORESIGHT] - sums[:, _FROZEN], headroom, drawn)
    return told


def _share(gained: Floats, headroom: Floats, drawn: Floats) -> dict[str, float] | None:
    total = float(headroom.sum())
    if not np.isfinite(gained).all() or total <= _LEAST * max(1.0, float(np.abs(gained).sum())):
        return None
    samples = ratios(gained, headroom, drawn)
    return figure(float(gained.sum()) / total, samples, effective(headroom))
