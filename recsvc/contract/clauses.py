"""The contract's clauses as a table: C1, C3, C6 and C7 stand here, the longer ones next door."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from recsvc.contract.causes import quiet
from recsvc.contract.declared import declared
from recsvc.contract.limit import limit
from recsvc.contract.look import Finding, Look, named
from recsvc.contract.writes import own_writes


def frozen(look: Look) -> Iterator[Finding]:
    """C1: the same epoch has the same items, in the same order, with the same pins."""
    if look.kind != "repeat" or look.twin is None:
        return
    first, a = look.twin.answer, look.answer
    if a.items != first.items:
        both = f"first {named(first.items)}; now {named(a.items)}"
        yield Finding(f"the epoch was answered before with other items or order: {both}")
    if a.pinned != first.pinned:
        yield Finding(f"pins changed within the epoch: {named(a.pinned ^ first.pinned)}")


def monotone(look: Look) -> Iterator[Finding]:
    """C3: epoch and policy version never go back within a session."""
    a = look.answer
    if look.top_then > a.epoch:
        yield Finding(f"epoch {look.top_then} had been answered before this request was sent")
    newest = look.newest_version
    if look.kind != "anew" and newest is not None and a.version is not None and a.version < newest:
        yield Finding(f"policy version {a.version} follows version {newest}")


def well_formed(look: Look) -> Iterator[Finding]:
    """C6: no duplicate, seats 1..n, no withdrawn item, nothing of another person."""
    a = look.answer
    if twice := {item_id for item_id in a.items if a.items.count(item_id) > 1}:
        yield Finding(f"items appear twice: {named(twice)}")
    positions = [seat.position for seat in a.seats]
    if None not in positions and positions != list(range(1, len(positions) + 1)):
        yield Finding(f"positions are {positions}, not 1 to {len(positions)} in order")
    withdrawn = {i for i in a.items if _withdrawn(look, i)}
    if withdrawn:
        yield Finding(f"withdrawn items are served: {named(withdrawn)}", "acts")
    if again := set(a.items) & a.earlier_on_page:
        yield Finding(f"items are also on an earlier slate of the same page: {named(again)}")
    if a.ask.k is not None and len(a.seats) > a.ask.k:
        yield Finding(f"{len(a.seats)} items answer a request for {a.ask.k}", "maker")
    if look.owner is not None and look.owner != a.session_id:
        yield Finding(f"this slate was answered to session {look.owner} before")
    asked_for = (
        ("session", a.ask.session_id, a.session_id),
        ("surface", a.ask.surface, a.surface),
        ("subject", a.ask.subject, a.subject),
        ("user", a.ask.user_id, a.user_id),
    )
    for what, asked, answered in asked_for:
        if asked is not None and answered is not None and asked != answered:
            yield Finding(f"{what} {asked} was asked for, {answered} was answered")


def _withdrawn(look: Look, item_id: str) -> bool:
    toggle = look.world.items.get(item_id)
    when = look.answer.when
    return toggle is not None and toggle.surely(True, when.t0, when.t)


def degraded(look: Look) -> Iterator[Finding]:
    """C7: an answer that says `degraded` makes no chosen change."""
    a = look.answer
    if not a.degraded or look.kind not in ("new", "joined") or a.by_since or look.maker_lost:
        return
    if look.chosen or a.displaced:
        items = named({c.item_id for c in look.chosen})
        yield Finding(f"a degraded answer makes chosen changes: {items}", "maker")


CLAUSES: tuple[tuple[str, Callable[[Look], Iterator[Finding]]], ...] = (
    ("C1", frozen),
    ("C2", limit),
    ("C3", monotone),
    ("C4", own_writes),
    ("C5", declared),
    ("C6", well_formed),
    ("C7", degraded),
    ("C8", quiet),
)
