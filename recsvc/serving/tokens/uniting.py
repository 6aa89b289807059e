"""A token and the session in the store, made one after an outage.

A token that the store has overtaken says nothing new and is left aside. Otherwise

1. the store does not have the slate           it comes back from the token
2. the store has what the token started from   the slate is as the token says
3. both went on by themselves                  dismissals and pins united, the larger spent budget,
                                               the newest content, epoch = max + 1 if they differ

Which of them it is, the token's number and the time at which the session began tell.
"""

from __future__ import annotations

from typing import Final

from policies import Ask, Decision, Seat, SlateState
from policies.slate import Standing
from recsvc.ports import Consent
from recsvc.serving.session import LIFTED_KEPT, Session, Signed
from recsvc.serving.tokens.told import Told, hearsay

MARKS_KEPT: Final = 8
MARK: Final = 16
"""Characters of a token that tell it from others."""
_SAME_S: Final = 0.0015
"""A token tells times in milliseconds."""

Dismissals = tuple[tuple[str, str | None], ...]


def unite(stored: Session, told: Told, text: str, *, fresh: bool) -> Session | None:
    """The session with what a token tells; None where it tells nothing new.

    `text` is the token, `fresh` is true where the store knew nothing of the session.
    """
    mark = text[-MARK:]
    mine, name = told.session, told.slate_id
    same = not fresh and abs(stored.started - mine.started) < _SAME_S
    known = stored.signed.get(name)
    if mine.seen <= stored.barred or mark in stored.united:
        return None
    if stored.user_id is not None and mine.user_id not in (None, stored.user_id):
        return None
    newer = told.number > (known.number if known else stored.turn)
    if name in stored.slates and known is not None and same and not (told.apart or newer):
        return None
    theirs, ours = stored.slates.get(name), mine.slates[name]
    shown = stored.shown
    pending = mine.pending.get(name, ())
    overtaken = theirs is None or (
        same and known is not None and (told.number == known.number or newer)
    )
    signed = Signed(told.surface, told.number, text)
    if theirs is not None and not overtaken:
        # Neither has what the other one has: the token to give is still to be signed.
        signed = Signed(told.surface, known.number if known else stored.turn, "")
        newest = ours if not same or mine.seen >= theirs.answered_at else theirs
        other = theirs if newest is ours else ours
        waiting = stored.pending.get(name, ())
        pending = (*pending, *(ask for ask in waiting if ask not in pending), *_pins(newest, other))
        if _looks(ours) != _looks(theirs):
            shown = {**shown, name: newest.epoch}
        ours = _joined(newest, other)
    session = stored._replace(
        slates={**stored.slates, name: ours},
        latest={**stored.latest, told.surface: name},
        pending={**stored.pending, name: pending},
        signed={**stored.signed, name: signed},
        behind={each: behind for each, behind in stored.behind.items() if each != name},
        shown=shown,
    )
    # A slate that was only forgotten comes back alone: all else the store knows better.
    alone = not (fresh or not same or told.apart or newer)
    if alone:
        mine = mine._replace(
            dismissed=tuple(one for one in mine.dismissed if one[1] == name),
            lifted=tuple(one for one in mine.lifted if one[1] == name),
        )
    session = session._replace(
        dismissed=_dismissed(session, mine, name, overtaken=overtaken),
        lifted=_lifted(session, mine, name, overtaken=overtaken),
    )
    if not alone:
        session = _together(session, told, same=same, fresh=fresh)
    marks = (*stored.united, mark)[-MARKS_KEPT:] if told.apart or not same else stored.united
    return session._replace(united=marks)


def follow(decision: Decision, base: int, shown: int) -> Decision:
    """The decision on a united slate, told to a page that shows the epoch `shown`.

    `base` is the higher one of the epochs that were united; the answer's is beyond both.
    """
    after = decision.state
    if after.epoch == base:
        after = after._replace(
            epoch=base + 1,
            seats=tuple(seat._replace(standing=_rests(seat)) for seat in after.seats),
            changes=(),
            allowed=0,
            displaced=0,
            refilled=0,
            churn=0.0,
            rule=None,
        )
    return decision._replace(state=after._replace(changes_from=shown), moved_on=True)


def part(decision: Decision, before: SlateState | None, now: float) -> Decision:
    """The decision while the store is lost: an epoch that begins now is one that no other page has,
    whatever the store and other pages go on with."""
    after = decision.state
    if before is None or after.epoch == before.epoch:
        return decision
    return decision._replace(state=after._replace(epoch=max(after.epoch, int(now * 1000))))


def _rests(seat: Seat) -> Standing:
    return "pinned" if seat.pinned else "kept"


def _looks(state: SlateState) -> tuple[object, ...]:
    return state.epoch, [(seat.item_id, seat.pinned) for seat in state.seats]


def _pins(newest: SlateState, other: SlateState) -> tuple[Ask, ...]:
    """Items of the newest slate that are pinned on the other one only, as acts to be shown."""
    pinned = {seat.item_id for seat in other.seats if seat.pinned}
    mine = [seat.item_id for seat in newest.seats if not seat.pinned and seat.item_id in pinned]
    return tuple(Ask("pin", item_id) for item_id in mine)


def _joined(newest: SlateState, other: SlateState) -> SlateState:
    """The newest content, with what was used up, held and reached on either side."""
    most = max(newest, other, key=lambda state: sum(count for _, count in state.spent))
    return newest._replace(
        epoch=max(newest.epoch, other.epoch),
        policy_version=max(newest.policy_version, other.policy_version),
        chosen_at=max(newest.chosen_at, other.chosen_at),
        answered_at=max(newest.answered_at, other.answered_at),
        spent=most.spent,
        refresh_pending=newest.refresh_pending or other.refresh_pending,
    )


def _together(session: Session, told: Told, *, same: bool, fresh: bool) -> Session:
    """What holds for all slates of the session."""
    mine, name = told.session, told.slate_id
    heard = max(session.heard, mine.heard)
    slates = {}
    for each, state in session.slates.items():
        # Of two counts that began apart nothing is news; nor is what was heard before a step.
        old = not same or (each != name and state.seen.at >= mine.seen)
        before = mine if each == name else session
        slates[each] = _caught_up(state, heard - before.heard) if old else state
    unsaid = session.consent == Consent() and not same
    return session._replace(
        started=session.started if same else mine.started,
        user_id=session.user_id or mine.user_id,
        consent=mine.consent if unsaid else session.consent,
        personal=mine.personal if unsaid else session.personal,
        heard=heard,
        last_seq=max(session.last_seq, mine.last_seq),
        turn=max(session.turn, told.number),
        slates=slates,
        applied=(*session.applied, *(one for one in mine.applied if one not in session.applied)),
        seen=mine.seen if fresh else max(session.seen, mine.seen),
    )


def _caught_up(state: SlateState, by: int) -> SlateState:
    return state._replace(seen=state.seen._replace(heard=state.seen.heard + by)) if by else state


def _dismissed(stored: Session, mine: Session, name: str, *, overtaken: bool) -> Dismissals:
    """Those of both, each once.

    What is dismissed on a slate, the slate knows best. A token tells of other slates by hearsay,
    and an undo there may have come after it.
    """
    lifted = _by_hearsay(mine.lifted)
    kept: list[tuple[str, str | None]] = []
    for item, on in stored.dismissed:
        known_here = on in stored.slates and on != name
        undone = not known_here and (item, hearsay(on)) in lifted if on is not None else False
        if not undone and not (on == name and overtaken):
            kept.append((item, on))
    known = _by_hearsay((*kept, *stored.lifted))
    kept += [one for one in mine.dismissed if one[1] == name or one not in known]
    own = _by_hearsay(tuple(one for one in kept if one[1] == name))
    return tuple(dict.fromkeys(one for one in kept if one not in own))


def _lifted(stored: Session, mine: Session, name: str, *, overtaken: bool) -> Dismissals:
    """What an undo took back on either side and nobody dismissed again."""
    kept = [one for one in stored.lifted if one[1] != name or not overtaken]
    again = _by_hearsay(tuple(one for one in mine.dismissed if one[1] == name))
    both = dict.fromkeys((*kept, *mine.lifted))
    return tuple(one for one in both if not again & _by_hearsay((one,)))[-LIFTED_KEPT:]


def _by_hearsay(pairs: Dismissals) -> set[tuple[str, str | None]]:
    """The pairs as the token of yet another slate tells them."""
    return {(item, hearsay(on)) for item, on in pairs if on is not None}
