"""When a session begins anew, and what the judge then forgets with it."""

from __future__ import annotations

from recsvc.contract.facts import When
from recsvc.contract.knobs import DEFAULT_TTL_S
from recsvc.contract.look import Look
from recsvc.contract.memory import SessionMemory, World


def wake(world: World, session: SessionMemory, when: When) -> None:
    """Note that a session was heard; one that slept for its time to live forgets dismissals.

    Surfaces may differ in `session_ttl_s`, and a request that got lost may have kept the session
    alive: dismissals then may, but need not be forgotten.
    """
    seen = session.seen
    if seen is None:
        session.seen = when
        return
    lives = [k.session_ttl_s for each in world.knobs.values() for k in each.values()]
    shortest, longest = min(lives, default=DEFAULT_TTL_S), max(lives, default=DEFAULT_TTL_S)
    if when.t - seen.t0 >= shortest - when.slack(shortest):
        session.woke_t = when.t0
        kept_alive = any(lost.t >= seen.t0 for lost in session.lost)
        if when.t0 - seen.t > longest + when.slack(longest) and not kept_alive:
            session.doings.dismissed.clear()
        else:
            session.doings.doubt_dismissals(When(seen.t, when.t0, when.timed, when.line))
    if when.t > seen.t:
        session.seen = when


def begin_anew(look: Look) -> None:
    """Forget a slate that began anew; what the visitor did since the session began stays."""
    session = look.session
    look.slate.begin_anew()
    session.versions.pop(look.answer.surface, None)
    # Without a sleep or a logout the session lives, but its state may be lost with the store.
    if max(session.woke_t, session.begun_anew_t) < look.last_t0:
        session.doings.doubt_dismissals(look.answer.when)
