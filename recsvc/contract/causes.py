"""C8: with no cause since the last step, nothing but forced changes, and no slate begins anew."""

from __future__ import annotations

from collections.abc import Iterator

from recsvc.contract.facts import Change
from recsvc.contract.look import CHOSEN, Finding, Look, named, seat_changes
from recsvc.contract.memory import after
from recsvc.contract.plausible import implausible

_TIME_WORDS = frozenset({"time", "refresh", "refresh_every_s", "refresh_every", "interval"})


def quiet(look: Look) -> Iterator[Finding]:
    """C8: no cause, equal k, context and switches: two answers differ by forced changes only."""
    if look.kind == "anew":
        yield from _begun_anew(look)
    if look.kind != "new" or look.last is None or look.answer.by_since:
        return
    if not _equally_asked(look) or has_cause(look):
        return
    if look.gap:
        moved = {c.item_id for c in look.answer.changes if c.reason in CHOSEN}
    else:
        moved = _unforced(look)
    if moved:
        since = "the slate's start" if look.step is None else f"the step of {look.step.epoch}"
        yield Finding(
            f"nothing happened since {since}, yet these items changed: {named(moved)}", "acts"
        )


def has_cause(look: Look) -> bool:
    """Return True if anything since the last step may be a cause; a cause held back stays one."""
    step, a = look.step, look.answer
    if step is None:
        return True
    if None not in (step.model, a.model) and step.model != a.model:
        return True
    if (step.version, step.arm) != (a.version, a.arm):
        return True
    if look.knobs is None and a.cause in _TIME_WORDS:
        return True
    every_s = None if look.knobs is None else look.knobs.refresh_every_s
    if every_s is not None and a.when.t - step.when.t0 >= every_s - look.slack(every_s):
        return True
    causes = [cause for doings in look.doings for cause in doings.causes]
    return any(after(cause, step.when) and cause.t0 <= a.when.t for cause in causes)


def _equally_asked(look: Look) -> bool:
    a, last = look.answer, look.last
    if last is None or (a.ask.k, a.ask.context) != (last.ask.k, last.ask.context):
        return False
    # A switch turned since: the two answers were not given under equal switches.
    toggles = [t for n in ("freeze", "bypass") for t in look.world.switch(n, a.surface)]
    return not any(f.t >= look.last_t0 and f.t0 <= a.when.t for t in toggles for f in t.flips)


def _unforced(look: Look) -> set[str]:
    """Return the items of the true difference that no forced or asked reason explains."""
    a, last = look.answer, look.last
    assert last is not None
    listed = {(c.item_id, c.source, c.target): c for c in a.changes}
    changed = [listed.get(seats) for seats in seat_changes(last.items, a.items)]
    bare = {seats[0] for seats in seat_changes(last.items, a.items) if seats not in listed}
    return bare | {c.item_id for c in changed if c is not None and not _forced(look, c)}


def _forced(look: Look, change: Change) -> bool:
    if change.reason in CHOSEN or implausible(look, change) is not None:
        return False
    if change.reason == "rule_refresh" and look.last is not None:
        # The context is the same: the rule was true before, so it cannot have *become* true,
        # unless a higher row of the decision's table kept it from acting then.
        return look.last.trigger not in ("refresh_rule", "step", "quiet", "hold")
    return True


def _begun_anew(look: Look) -> Iterator[Finding]:
    a, last = look.answer, look.last
    if last is None or look.session.begun_anew_t >= look.last_t0:
        return
    if None not in (a.ask.user_id, last.ask.user_id) and a.ask.user_id != last.ask.user_id:
        return
    idle_s = a.when.t - look.last_t0
    if idle_s >= look.ttl_s - look.slack(look.ttl_s):
        return
    if look.world.store_lost_t >= look.last_t0 and a.ask.token is None:
        return
    text = f"the slate began anew {idle_s:.1f} s after epoch {last.epoch}; a session lives"
    yield Finding(f"{text} {look.ttl_s:g} s and the store was not lost without a token", "acts")
