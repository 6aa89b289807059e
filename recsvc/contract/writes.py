"""C4: what a visitor did and was told is accepted shows in the next answer."""

from __future__ import annotations

from collections.abc import Iterator

from recsvc.contract.facts import When
from recsvc.contract.look import Finding, Look
from recsvc.contract.memory import Doings, Owed, Pin
from recsvc.contract.plausible import maybe_consumed
from recsvc.contract.toggle import Toggle

_STAYS_PENDING = frozenset({"freeze", "bypass", "degraded"})
_DAY_S = 86_400.0


def own_writes(look: Look) -> Iterator[Finding]:
    """C4: after an acknowledged dismiss, pin, undo, refresh or choice, the next answer shows it."""
    yield from _dismissed(look)
    if look.kind != "anew":
        for item_id, pin in look.pins:
            yield from _pin(look, item_id, pin)
        for owed in look.owed:
            yield from _owed(look, owed)


def _dismissed(look: Look) -> Iterator[Finding]:
    for item_id in look.answer.items:
        for doings in look.doings:
            toggle = doings.dismissed.get(item_id)
            if toggle is not None and _binds(look, doings, toggle):
                told = toggle.latest(look.answer.when.t0).t
                yield Finding(f"item {item_id} is served although dismissed at t={told:g}", "acts")
                break


def _binds(look: Look, doings: Doings, toggle: Toggle) -> bool:
    when = look.answer.when
    if not toggle.surely(True, when.t0, when.t):
        return False
    if doings is not look.session.doings and not doings.personal.surely(True, when.t0, when.t):
        return False
    days = 30.0 if look.knobs is None else look.knobs.dismiss_days
    return when.t - toggle.latest(when.t0).t0 < days * _DAY_S


def _ineligible(look: Look, item_id: str, since: float, undone: When | None = None) -> bool:
    a = look.answer
    withdrawn = look.world.items.get(item_id)
    toggles = [doings.dismissed.get(item_id) for doings in look.doings]
    elsewhere = item_id in a.ask.exclude or item_id in a.earlier_on_page
    if elsewhere or maybe_consumed(look, item_id):
        return True
    if withdrawn is not None and withdrawn.maybe_on(since, a.when.t):
        return True
    return any(each and each.maybe_on(since, a.when.t, besides=undone) for each in toggles)


def _pin(look: Look, item_id: str, pin: Pin) -> Iterator[Finding]:
    a, toggle, seat = look.answer, pin.toggle, pin.seat
    if toggle.surely(False, a.when.t0, a.when.t) and item_id in a.pinned:
        if not look.world.editors_pin:
            yield Finding(f"item {item_id} is still pinned although unpinned", "acts")
        return
    if not toggle.surely(True, a.when.t0, a.when.t):
        return
    since = toggle.latest(a.when.t0).t0
    # An answer that got lost may have moved the pin, or ended it by what was asked then.
    if _ineligible(look, item_id, since) or look.lost_after(since):
        return
    if pin.anywhere and item_id in a.items and item_id not in a.pinned:
        yield Finding(f"item {item_id} was pinned, but the answer does not say so", "acts")
    if seat is None or seat > min(len(a.seats), a.ask.k or seat):
        return
    if item_id not in a.items:
        yield Finding(f"item {item_id} is pinned, but gone", "acts")
    elif item_id not in a.pinned:
        yield Finding(f"item {item_id} was pinned, but the answer does not say so", "acts")
    elif a.items[seat - 1] != item_id:
        now = a.items.index(item_id) + 1
        yield Finding(f"item {item_id} was pinned at seat {seat}, but is at {now}", "acts")


def _owed(look: Look, owed: Owed) -> Iterator[Finding]:
    a, act = look.answer, owed.act
    due = act.sure and act.when.t <= a.when.t0
    if not due or a.degraded or a.trigger in _STAYS_PENDING or look.lost_after(act.when.t0):
        return
    if a.trigger is not None and a.trigger != "asked" and not owed.met:
        said = f"trigger is {a.trigger}, not asked"
        yield Finding(f"a {act.type} accepted at t={act.when.t:g} is not answered: {said}", "maker")
    elif a.trigger == "asked" and owed.item_id is not None and owed.item_id not in a.items:
        cut = owed.seat is not None and owed.seat > (look.k or len(a.seats))
        if not cut and not _ineligible(look, owed.item_id, a.when.t0, owed.undone):
            told = f"t={act.when.t:g}"
            yield Finding(f"the undo accepted at {told} did not bring back {owed.item_id}", "acts")
