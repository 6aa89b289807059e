"""Whether the reason listed for a change can be true, one short check per reason."""

from __future__ import annotations

from collections.abc import Callable

from recsvc.contract.facts import Act, Change
from recsvc.contract.look import Finding, Hinge, Look
from recsvc.contract.memory import after

Why = str | None
Shape = str  # in: enters, out: leaves, move: another seat, same: keeps its seat

SHAPES: dict[str, frozenset[Shape]] = {
    "better_match": frozenset({"in"}),
    "displaced": frozenset({"out"}),
    "moved": frozenset({"move"}),
    "withdrawn": frozenset({"out"}),
    "consumed": frozenset({"out"}),
    "dismissed": frozenset({"out"}),
    "excluded": frozenset({"out"}),
    "refill": frozenset({"in"}),
    "asked": frozenset({"in", "out", "move", "same"}),
    "undone": frozenset({"in", "out", "move", "same"}),
    "pinned": frozenset({"in", "move", "same"}),
    "alternative_chosen": frozenset({"in", "out", "move"}),
    "resized": frozenset({"in", "out", "move"}),
    "session_start": frozenset({"in"}),
    "rule_refresh": frozenset({"in", "out", "move"}),
    "kill_switch": frozenset({"in", "out", "move"}),
}

FORCED = frozenset({"withdrawn", "consumed", "dismissed", "excluded"})


def shape_of(change: Change) -> Shape:
    """Return whether a change enters, leaves, moves or keeps its seat."""
    if change.source is None:
        return "in"
    if change.target is None:
        return "out"
    return "same" if change.source == change.target else "move"


def implausible(look: Look, change: Change) -> Finding | None:
    """Return a finding if the reason of a listed change cannot be true here, else None."""
    if change.reason not in SHAPES:
        reason = "no reason" if change.reason is None else f"the unknown reason {change.reason}"
        return Finding(f"item {change.item_id} changes with {reason}")
    shape = shape_of(change)
    if shape not in SHAPES[change.reason]:
        seats = f"from seat {change.source} to {change.target}"
        return Finding(f"item {change.item_id} is listed {seats}, not possible as {change.reason}")
    if change.reason not in _CHECKS:
        return None
    check, hinges = _CHECKS[change.reason]
    why = check(look, change)
    if why is None or (hinges == "maker" and look.maker_lost):
        return None
    return Finding(f"item {change.item_id} is listed as {change.reason}, but {why}", hinges)


def _withdrawn(look: Look, change: Change) -> Why:
    toggle = look.world.items.get(change.item_id)
    if not look.world.items or (toggle and toggle.maybe_on(look.last_t0, look.answer.when.t)):
        return None
    return "no record withdrew it"


def _dismissed(look: Look, change: Change) -> Why:
    t = look.answer.when.t
    toggles = [doings.dismissed.get(change.item_id) for doings in look.doings]
    if any(toggle and toggle.maybe_on(look.last_t0, t) for toggle in toggles):
        return None
    return None if _became_known(look) else "nobody dismissed it"


def _became_known(look: Look) -> bool:
    """Return True if more may be known of the visitor now than this history tells.

    A login, a consent or a retrained model brings in what a person bought or dismissed before.
    """
    a, last = look.answer, look.last
    if last is None or a.ask.user_id != last.ask.user_id or a.model != last.model:
        return True
    return any(doings.turned_t >= look.last_t0 for doings in look.doings)


def maybe_consumed(look: Look, item_id: str) -> bool:
    """Return True if an event of the visitor may have consumed an item; unknown knobs: any."""
    t = look.answer.when.t
    kinds = None if look.knobs is None else look.knobs.consumed_by
    seen = [pair for d in look.doings for pair in d.observed.get(item_id, {}).items()]
    return any(t0 <= t and (kinds is None or kind in kinds) for kind, t0 in seen)


def _consumed(look: Look, change: Change) -> Why:
    known = maybe_consumed(look, change.item_id) or _became_known(look)
    return None if known else "no event consumed it"


def _excluded(look: Look, change: Change) -> Why:
    a = look.answer
    out = change.item_id in a.ask.exclude or change.item_id in a.earlier_on_page
    if out or change.item_id == a.subject or _filtered(look, change.item_id):
        return None
    return "the request did not exclude it"


def _filtered(look: Look, item_id: str) -> bool:
    """Return True if a filter on the context may leave an item out that it did not before.

    By which attributes a surface filters is not recorded. The page asks otherwise, or what is
    said of the item changed.
    """
    a, last = look.answer, look.last
    if not any(said for _, said in a.ask.context):
        return False
    other = last is None or a.ask.context != last.ask.context or a.model != last.model
    return other or not look.world.items or item_id in look.world.items


def _pending(look: Look, *kinds: str) -> list[Act]:
    return [act for act in look.acts_of(*kinds) if after(act.when, look.asked)]


def _asked(look: Look, change: Change) -> Why:
    if shape_of(change) == "same":
        acts = [act for act in look.acts_of("unpin") if act.item_id == change.item_id]
        return None if acts or look.acts_of("undo") else "nobody unpinned it"
    return None if _pending(look, "refresh") else "no refresh was asked for"


def _undone(look: Look, _: Change) -> Why:
    return None if _pending(look, "undo") else "no undo was asked for"


def _alternative(look: Look, _: Change) -> Why:
    return None if _pending(look, "choose_alternative") else "no alternative was chosen"


def _pinned(look: Look, change: Change) -> Why:
    if change.item_id not in look.answer.pinned:
        return "it is not pinned in this answer"
    acts = [act for act in look.acts_of("pin") if act.item_id == change.item_id]
    # Editors pin through the operators' door; such pins explain themselves once one was recorded.
    return None if acts or look.acts_of("undo") or look.world.editors_pin else "nobody pinned it"


def _resized(look: Look, _: Change) -> Why:
    a, last = look.answer, look.last
    if last is None or a.ask.k != last.ask.k or a.version != last.version:
        return None
    # A gap closes as the slate gets shorter; a seat cut before may come back as it gets longer.
    other = len(a.seats) != len(last.seats) or look.gap or _masked(look)
    return None if other else "neither k nor the length of the slate changed"


def _masked(look: Look) -> bool:
    """Return True if one item may have left and another come back, so that the length stayed."""
    a = look.answer
    short = look.k is None or len(a.seats) < look.k
    left = any(c.target is None and c.reason in FORCED for c in a.changes)
    return short and (left or bool(_pending(look, "undo")))


def _kill_switch(look: Look, _: Change) -> Why:
    a = look.answer
    toggles = look.world.switch("bypass", a.surface)
    if any(toggle.maybe_on(look.last_t0, a.when.t) for toggle in toggles):
        return None
    if a.trigger == "bypass" and not look.world.switches:
        return None
    return "the bypass switch was not on"


def _rule_refresh(look: Look, _: Change) -> Why:
    if look.knobs is None or look.knobs.refresh_when is not None:
        return None
    return "the published knobs have no refresh_when rule"


def _session_start(look: Look, _: Change) -> Why:
    return None if look.answer.changes_from is None else "the slate did not begin anew"


_CHECKS: dict[str, tuple[Callable[[Look, Change], Why], Hinge]] = {
    "withdrawn": (_withdrawn, "acts"),
    "dismissed": (_dismissed, "acts"),
    "consumed": (_consumed, "acts"),
    "excluded": (_excluded, "maker"),
    "asked": (_asked, "acts"),
    "undone": (_undone, "acts"),
    "alternative_chosen": (_alternative, "acts"),
    "pinned": (_pinned, "acts"),
    "resized": (_resized, "maker"),
    "kill_switch": (_kill_switch, "acts"),
    "rule_refresh": (_rule_refresh, ""),
    "session_start": (_session_start, ""),
}
