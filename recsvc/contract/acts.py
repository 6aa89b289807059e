"""Writes what visitors and operators did into the judge's memory."""

from __future__ import annotations

from collections import OrderedDict, deque

from recsvc.contract.beginnings import wake
from recsvc.contract.facts import CONTROL_EVENTS, Act, Given, Published, Supply, Switch, Turn, When
from recsvc.contract.knobs import knobs_from
from recsvc.contract.memory import (
    Doings,
    Owed,
    Pin,
    SessionMemory,
    SlateMemory,
    World,
)
from recsvc.contract.toggle import Toggle

_VERSIONS_KEPT = 16


def note_act(world: World, act: Act) -> bool:
    """Note an accepted event; False if it is about nobody or no slate that can be told."""
    if act.session_id is None:
        return False
    session = world.session(act.session_id)
    wake(world, session, act.when)
    if act.event_id is not None:
        if act.event_id in session.event_ids:
            return True
        session.event_ids.append(act.event_id)
    session.user_id = act.user_id or session.user_id
    if act.type not in CONTROL_EVENTS:
        for doings in world.doings(session):
            doings.causes.append(act.when)
            if act.item_id is not None:
                doings.observe(act.item_id, act.type, act.when.t0)
        return True
    session.acts.append(act)
    return _control(world, session, act)


def _control(world: World, session: SessionMemory, act: Act) -> bool:
    fit = session.slates_for(act)
    for each in fit:
        # What is still due comes first: the act may then find another slate, and change nothing.
        each.past.push(act, plain=len(fit) == 1 and all(owed.met for owed in each.owed))
        # Another act before the next answer: what the undo before it brings back may go again.
        for owed in each.owed:
            owed.item_id = owed.item_id if owed.met else None
    if act.type == "dismiss" and act.item_id is not None:
        for doings in world.doings(session):
            toggle = doings.dismissed.setdefault(act.item_id, Toggle())
            toggle.turn(act.when, True, act.sure)
        return True
    if act.type == "pin":
        return _pin(session, act)
    if act.type == "unpin":
        return _unpin(session, act)
    slate = session.slate_for(act)
    owed = Owed(act)
    if act.type == "undo":
        owed = _undo(world, session, slate, act)
    if slate is not None:
        slate.owed.append(owed)
    return slate is not None


def _pin(session: SessionMemory, act: Act) -> bool:
    item_id = act.item_id or ""
    slate = session.slate_for(act)
    if slate is None:
        fit = [s for s in session.slates.values() if act.surface in (None, s.surface)]
        fit = [s for s in fit if s.last is not None and item_id in s.last.items]
        slate = fit[0] if len(fit) == 1 else None
    # Pinning an item that is not on the slate is to be rejected: such a pin binds nobody.
    if slate is None or slate.last is None or item_id not in slate.last.items:
        return False
    seat = slate.last.items.index(item_id) + 1
    pin = slate.pins.setdefault(item_id, Pin(Toggle(), seat))
    pin.seat, pin.anywhere = seat, False
    if session.lost_since(slate):
        pin.seat, pin.anywhere = None, True
    if any(owed.act.type != "refresh" and not owed.met for owed in slate.owed):
        # What an undo or a choice brings comes first: the seat, or the item, may be another.
        pin.seat, pin.anywhere = None, False
    pin.toggle.turn(act.when, True, act.sure)
    return True


def _unpin(session: SessionMemory, act: Act) -> bool:
    item_id = act.item_id or ""
    slate = session.slate_for(act)
    fit = [s for s in session.slates.values() if act.surface in (None, s.surface)]
    for each in fit if slate is None else [slate]:
        pin = each.pins.setdefault(item_id, Pin(Toggle(), None))
        pin.toggle.turn(act.when, False, act.sure and slate is not None)
    return slate is not None


def _undo(world: World, session: SessionMemory, slate: SlateMemory | None, act: Act) -> Owed:
    surely = act.sure and slate is not None
    owed = Owed(act) if slate is None or not surely else _returns(slate, act)
    for each in session.slates_for(act):
        for undone in each.past.undo(surely):
            _unbind(world, session, each, undone, act.when)
        each.loosen_pins()
    return owed


def note_held_back(
    world: World, session: SessionMemory, slate: SlateMemory, undo: Act, when: When
) -> None:
    """Note that a switch holds an undo back: it may then reach acts accepted after it."""
    for act in session.acts:
        if act.when.t >= undo.when.t0 and session.slate_for(act) in (None, slate):
            _unbind(world, session, slate, act, when)
    slate.loosen_pins()
    slate.past.doubt()


def note_lost(world: World, session: SessionMemory, when: When) -> None:
    """Note an answer that got lost; under a switch it may have held an undo back."""
    session.lost.append(when)
    for slate in session.slates.values():
        toggles = [t for n in ("freeze", "bypass") for t in world.switch(n, slate.surface)]
        for owed in slate.owed:
            waits = owed.act.type == "undo" and not owed.met
            if waits and any(t.maybe_on(owed.act.when.t0, when.t) for t in toggles):
                note_held_back(world, session, slate, owed.act, when)


def _returns(slate: SlateMemory, act: Act) -> Owed:
    """Return what an undo owes: the item, if it surely reaches a dismissal and nothing else."""
    undone = slate.past.surely_next()
    queued = any(not owed.met for owed in slate.owed)
    if undone is None or undone.type != "dismiss" or undone.item_id is None or queued:
        return Owed(act)
    before = [e for e in slate.epochs.values() if e.t <= undone.when.t0]
    items = before[-1].answer.items if before else ()
    if undone.item_id not in items:
        return Owed(act)
    return Owed(act, undone.item_id, items.index(undone.item_id) + 1, undone.when)


def _unbind(
    world: World, session: SessionMemory, slate: SlateMemory, undone: Act, when: When
) -> None:
    """Let an act that an undo may have reached bind nobody any more."""
    if undone.type == "dismiss":
        for doings in world.doings(session):
            if undone.item_id in doings.dismissed:
                doings.dismissed[undone.item_id].doubt(when)
    pin = slate.pins.get(undone.item_id or "")
    if pin is not None and undone.type in ("pin", "unpin") and pin.toggle.flips[-1].sure:
        pin.toggle.turn(when, undone.type == "unpin", sure=False)


def note_given(world: World, given: Given) -> None:
    """Note the tokens that came with the answer to events: they are the newest of their slates."""
    session = world.sessions.get(given.session_id or "")
    slates = {} if session is None else session.slates
    for slate_id, token in given.tokens.items():
        if slate_id in slates and isinstance(token, str):
            slates[slate_id].token = token


def note_turn(world: World, turn: Turn) -> None:
    """Note a consent, login, logout, erasure or editors' pin."""
    if turn.what == "editors_pin":
        world.editors_pin = True
        return
    sessions = [] if turn.session_id is None else [world.session(turn.session_id)]
    persons = [] if turn.user_id is None else [world.persons.setdefault(turn.user_id, Doings())]
    if turn.what == "erase":
        sessions = [s for s in world.sessions.values() if s.user_id == turn.user_id]
    for session in sessions:
        if turn.what != "erase":
            wake(world, session, turn.when)
        if turn.what in ("logout", "erase"):
            session.begun_anew_t = turn.when.t
            session.user_id = None
            session.doings.dismissed.clear()
        elif turn.what == "login":
            session.user_id = turn.user_id
    for doings in [*persons, *(session.doings for session in sessions)]:
        doings.causes.append(turn.when)
        doings.turned_t = turn.when.t
        if turn.personal is not None:
            doings.personal.turn(turn.when, turn.personal)


def note_supply(world: World, supply: Supply) -> None:
    """Note an item withdrawn or back; the toggle is on while the item is withdrawn."""
    world.items.setdefault(supply.item_id, Toggle()).turn(supply.when, not supply.available)


def note_switch(world: World, switch: Switch) -> None:
    """Note a switch turned."""
    toggle = world.switches.setdefault((switch.name, switch.surface), Toggle())
    toggle.turn(switch.when, switch.on)


def note_knobs(world: World, published: Published) -> None:
    """Note knobs published; the latest versions of a surface are kept."""
    versions = world.knobs.setdefault(published.surface, OrderedDict())
    versions[published.version] = knobs_from(published.knobs)
    versions.move_to_end(published.version)
    while len(versions) > _VERSIONS_KEPT:
        versions.popitem(last=False)


def note_version(session: SessionMemory, surface: str, version: int | None, t: float) -> None:
    """Note the policy version served on a surface."""
    if version is not None:
        session.versions.setdefault(surface, deque(maxlen=32)).append((version, t))
