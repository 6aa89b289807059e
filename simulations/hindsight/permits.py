"""What hindsight may change at which look: at least all that the policy could have changed.

Without a hold, when a policy may take a step does not depend on what it chose to change: its own
answers tell, and hindsight gets exactly these steps. With `hold_s` a chosen change closes the next
looks, so another choice would have had other steps. Hindsight then gets every look that is not
closed for another reason, and windows keep it from what no choice allows:

- looks closer to each other than `hold_s` share one step
- looks between two causes share one step

and with a budget the looks within `budget_window_s` share the budget. Displacements are counted in
a window, so hindsight may still spread one step over several looks, which no policy can: that is
what makes its value a bound there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np

from policies import Knobs
from policies.permission import share
from recsvc.preparation.turn import Turn
from simulations.hindsight.program import Ints, Window

_CLOSED = ("session_start", "degraded", "hold_rule", "freeze")
"""Looks that stay closed whatever was chosen before."""


@dataclass(frozen=True)
class Permit:
    """At most `limit` (looks,) displacements at each look, and in windows of looks together."""

    limit: Ints
    windows: tuple[Window, ...]

    @property
    def key(self) -> tuple[bytes, tuple[Window, ...]]:
        """Permits of the same key allow the same."""
        return self.limit.tobytes(), self.windows


def permit_of(knobs: Knobs, turns: Sequence[Turn]) -> Permit:
    """What hindsight may do over the answers of one policy to one slate, from its start on."""
    if knobs.hold_s > 0:
        opened = _not_closed(knobs, turns)
    else:
        opened = [turn.decision.trigger == "step" for turn in turns]
    limit = np.zeros(len(turns), dtype=np.int64)
    for look, turn in enumerate(turns):
        if turn.decision.trigger == "refresh_rule":
            limit[look] = knobs.k
        elif opened[look] and turn.before is not None:
            filled = min(len(turn.before.seats), knobs.k)
            limit[look] = share(knobs, turn.before, turn.facts, filled, turn.now)
            if knobs.session_budget is not None:
                limit[look] = min(limit[look], knobs.session_budget)
    steps = [n for n in np.flatnonzero(limit).tolist() if opened[n]]
    windows: list[Window] = []
    if knobs.hold_s > 0:
        near = [
            [m for m in steps if 0 <= turns[m].now - turns[n].now < knobs.hold_s] for n in steps
        ]
        if knobs.refresh_every_s is None:
            causes = _causes(turns)
            near += [[n for n in steps if causes[n] == one] for one in sorted(set(causes))]
        windows += [Window(tuple(group), int(limit[group].max())) for group in near if group]
    budget = knobs.session_budget
    if budget is not None:
        for n in steps:
            later = [turns[m].now - turns[n].now for m in steps]
            group = [
                m for m, s in zip(steps, later, strict=True) if 0 <= s <= knobs.budget_window_s
            ]
            windows.append(Window(tuple(group), budget))
    return Permit(limit, _needed(windows, limit))


def _not_closed(knobs: Knobs, turns: Sequence[Turn]) -> list[bool]:
    """Looks at which some choice would have left a step: after the slate's hold, with a cause."""
    begun, causes = turns[0].now, _causes(turns)
    timed = knobs.refresh_every_s
    return [
        turn.decision.trigger not in (*_CLOSED, "refresh_rule")
        and turn.now - begun >= knobs.hold_s
        and (cause > 0 or (timed is not None and turn.now - begun >= timed))
        for turn, cause in zip(turns, causes, strict=True)
    ]


def _causes(turns: Sequence[Turn]) -> list[int]:
    """How many causes there were since the slate began, at each look."""
    told = [(turn.facts.heard, turn.facts.model, turn.facts.policy_version) for turn in turns]
    changed = [False, *(now != before for before, now in pairwise(told))]
    return list(accumulate(map(int, changed)))


def _needed(windows: Sequence[Window], limit: Ints) -> tuple[Window, ...]:
    """The windows that forbid something, but for those inside of another that allows as little."""
    binding = [w for w in windows if int(limit[list(w.steps)].sum()) > w.allowed]
    binding.sort(key=lambda w: (-len(w.steps), w.steps, w.allowed))
    kept: list[Window] = []
    for window in binding:
        inside = set(window.steps)
        if not any(inside <= set(k.steps) and k.allowed <= window.allowed for k in kept):
            kept.append(window)
    return tuple(sorted(kept, key=lambda w: w.steps))
