"""Decisions of a user's own in the place of `policies.decide`: looked up, and checked.

They need not keep the limit: what they change is measured.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from policies import Candidates, Decision, Facts, Knobs, SlateState
from recsvc.errors import BadInput
from simulations.variants.scene import Scene

Decide = Callable[[Knobs, SlateState | None, Candidates | None, Facts, float], Decision]


def decision_of(where: str, given: Mapping[str, Any]) -> Decide:
    """The callable `module:name`; with something `given`, what it returns when called with that.

    Modules of the working folder are found too. Raises `BadInput` where there is no such callable.
    """
    module, _, name = where.partition(":")
    here = str(Path.cwd())
    if here not in sys.path:  # the command line's own folder is not where it is called from
        sys.path.append(here)
    try:
        found: Any = importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
        found = found(**given) if given else found
    except (ImportError, AttributeError, ValueError, TypeError) as error:
        raise BadInput(f"{where!r} is no decision: {error}. Write module:name.") from error
    if not callable(found):
        raise BadInput(f"{where!r} is no decision: it cannot be called.")
    decide: Decide = found
    return decide


def checked(decide: Decide, policy: str, scene: Scene) -> Decide:
    """The same decision; raises `BadInput`, which tells the look, for a slate that nobody may see.

    A slate holds at most k items, as many as candidates allow, none twice, and none that is gone.
    """

    def decided(
        knobs: Knobs,
        state: SlateState | None,
        candidates: Candidates | None,
        facts: Facts,
        now: float,
    ) -> Decision:
        decision = decide(knobs, state, candidates, facts, now)
        fault = _fault(decision, knobs, state, candidates, facts)
        if fault:
            visit, number = scene.moment()
            raise BadInput(f"The policy {policy!r}, visit {visit!r}, moment {number}: {fault}")
        return decision

    return decided


def _fault(
    decision: object,
    knobs: Knobs,
    state: SlateState | None,
    candidates: Candidates | None,
    facts: Facts,
) -> str | None:
    if not isinstance(decision, Decision):
        return f"a Decision is needed, not a {type(decision).__name__}"
    k = facts.k or knobs.k
    items = [seat.item_id for seat in decision.state.seats]
    known = {seat.item_id for seat in state.seats} if state else set()
    known |= candidates.names if candidates else set()
    if state is None and facts.carried is not None:
        known |= {seat.item_id for seat in facts.carried.seats}
    able = known - set(facts.gone)
    if len(set(items)) < len(items):
        return f"an item is there twice: {', '.join(items)}"
    if gone := [item for item in items if item in facts.gone]:
        return f"{gone[0]!r} may not be shown: {facts.gone[gone[0]]}"
    if unknown := [item for item in items if item not in known]:
        return f"{unknown[0]!r} is neither a candidate nor on the slate"
    if len(items) != min(k, len(able)):
        return f"{len(items)} seats are filled, and {min(k, len(able))} could be"
    return None
