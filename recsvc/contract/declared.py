"""C5: what an answer lists as changes is the true difference, with counts and reasons to match."""

from __future__ import annotations

from collections.abc import Iterator

from recsvc.contract.facts import Answer, Change
from recsvc.contract.look import CHOSEN, Finding, Look, named, seat_changes
from recsvc.contract.plausible import implausible

_SAME_SEAT_REASONS = frozenset({"pinned", "asked", "undone"})
# What `trigger` may say of the answer in which a reason first appears.
_TRIGGERS = {
    "better_match": frozenset({"step"}),
    "displaced": frozenset({"step"}),
    "moved": frozenset({"step", "asked", "refresh_rule", "bypass"}),
}


def declared(look: Look) -> Iterator[Finding]:
    """C5: `changes` equals the true difference between the epochs it names, each explained."""
    if look.kind == "repeat":
        yield from _repeated(look)
    if look.kind == "repeat" and look.repeat_known and not look.answer.by_since:
        return
    if look.answer.changes_from is None:
        yield from _begins(look)
    elif look.base is not None:
        yield from difference(look.base.answer, look.answer)
    if look.fresh:
        yield from _counts(look)
        yield from _predecessor(look)
        yield from _reasons(look)
        yield from _triggers(look)
        yield from _standings(look)


def difference(before: Answer, answer: Answer) -> Iterator[Finding]:
    """Compare the listed changes with the true ones between two answers."""
    true = seat_changes(before.items, answer.items)
    listed = {(c.item_id, c.source, c.target) for c in answer.changes}
    same = {c for c in answer.changes if c.source == c.target and _same_seat(c, before, answer)}
    extra = listed - true - {(c.item_id, c.source, c.target) for c in same}
    between = f"between epochs {before.epoch} and {answer.epoch}"
    if missing := true - listed:
        each = named(f"{i} ({old} to {new})" for i, old, new in sorted(missing, key=str))
        yield Finding(f"{between} these changes happened but are not listed: {each}")
    if extra:
        each = named(f"{i} ({old} to {new})" for i, old, new in sorted(extra, key=str))
        yield Finding(f"{between} these changes are listed but did not happen: {each}")
    if answer.by_since:
        return
    turned = (before.pinned ^ answer.pinned) & set(before.items) & set(answer.items)
    if unlisted := turned - {c.item_id for c in answer.changes}:
        yield Finding(f"{between} pins changed but are not listed: {named(unlisted)}")


def _same_seat(change: Change, before: Answer, answer: Answer) -> bool:
    seat, items = change.target, answer.items
    there = seat is not None and 0 < seat <= len(items) and items[seat - 1] == change.item_id
    # The item may have come to this seat in the same answer (an undo that restores a pin).
    known = change.item_id in before.items or answer.by_since
    return there and known and change.reason in _SAME_SEAT_REASONS


def _begins(look: Look) -> Iterator[Finding]:
    a = look.answer
    if look.kind == "new":
        return
    whole = {(item_id, None, seat) for seat, item_id in enumerate(a.items, 1)}
    if a.changes and {(c.item_id, c.source, c.target) for c in a.changes} != whole:
        yield Finding("a slate's first answer must list every item, and only those, as entering")
    if others := {str(c.reason) for c in a.changes} - {"session_start"}:
        yield Finding(f"a slate's first answer gives session_start only, not {named(others)}")
    if a.displaced:
        yield Finding(f"a slate's first answer displaces nothing, yet displaced is {a.displaced}")


def _repeated(look: Look) -> Iterator[Finding]:
    a, twin = look.answer, look.twin
    if twin is None or a.by_since or twin.answer.by_since:
        return
    first = twin.answer
    again = "an answer that repeats an epoch repeats its"
    if set(a.changes) != set(first.changes) or a.changes_from != first.changes_from:
        yield Finding(f"{again} changes; those listed now are not those listed at first")
    if (a.allowed, a.displaced) != (first.allowed, first.displaced):
        counts = f"allowed {first.allowed} and displaced {first.displaced}"
        yield Finding(f"{again} counts: {counts} became {a.allowed} and {a.displaced}")


def _counts(look: Look) -> Iterator[Finding]:
    a = look.answer
    count = {
        r: sum(c.reason == r for c in a.changes) for r in ("displaced", "better_match", "refill")
    }
    if a.displaced is not None and a.displaced != count["displaced"]:
        items = named([c.item_id for c in a.changes if c.reason == "displaced"])
        listed = f"{count['displaced']} changes are listed as displaced ({items})"
        yield Finding(f"displaced says {a.displaced}, but {listed}")
    if a.refilled is not None and a.refilled != count["refill"]:
        yield Finding(f"refilled says {a.refilled}, but {count['refill']} refills are listed")
    # A seat cut by a smaller k may be won back in the same answer: listed once, as resized.
    won_back = sum(c.reason == "resized" and c.target is not None for c in a.changes)
    if not 0 <= count["displaced"] - count["better_match"] <= won_back:
        entered = f"{count['better_match']} items enter as better_match"
        yield Finding(f"{entered}, but {count['displaced']} leave as displaced")


def _predecessor(look: Look) -> Iterator[Finding]:
    a = look.answer
    if a.changes_from is None or look.world.store_lost_t >= look.last_t0:
        return
    if a.changes_from > a.epoch:
        yield Finding(f"changes_from {a.changes_from} is later than the epoch itself")
    between = [e for e in look.slate.epochs if a.changes_from < e < a.epoch]
    if between:
        yield Finding(f"changes_from {a.changes_from} skips epoch {max(between)}, already served")


def _reasons(look: Look) -> Iterator[Finding]:
    for change in look.answer.changes:
        finding = implausible(look, change)
        # Where the history starts amid a slate, what explains the change may lie before it.
        if finding is not None and not (look.kind == "joined" and finding.hinges == "acts"):
            yield finding


def _triggers(look: Look) -> Iterator[Finding]:
    a = look.answer
    if a.trigger is None or look.maker_lost:
        return
    odd = {c for c in look.chosen if a.trigger not in _TRIGGERS[str(c.reason)]}
    if odd:
        reasons = named({str(c.reason) for c in odd})
        items = named({c.item_id for c in odd})
        yield Finding(f"{reasons} (items {items}) cannot happen under trigger {a.trigger}", "maker")


def _standings(look: Look) -> Iterator[Finding]:
    a = look.answer
    if look.base is None and (a.changes_from is not None or look.kind not in ("first", "anew")):
        return
    before = () if look.base is None else look.base.answer.items
    excused = {c.item_id for c in a.changes if c.reason in ("resized", "undone")}
    for seat, each in enumerate(a.seats, 1):
        if each.standing is None or each.item_id in excused:
            continue
        if each.item_id not in before:
            right = "new"
        else:
            right = "kept" if before.index(each.item_id) + 1 == seat else "moved"
        if each.standing not in (right, "pinned"):
            yield Finding(f"item {each.item_id} is called {each.standing}, but it is {right}")


def undeclared(look: Look) -> set[str]:
    """Return the items that truly left the slate with a chosen reason or with none."""
    if look.base is None:
        return {c.item_id for c in look.answer.changes if c.reason == "displaced"}
    reasons = {c.item_id: c.reason for c in look.answer.changes}
    out = {
        i for i, _, new in seat_changes(look.base.answer.items, look.answer.items) if new is None
    }
    return {item_id for item_id in out if reasons.get(item_id) in {None, *CHOSEN}}
