"""Lays an answer beside the slate's memory (a Look), and afterwards writes it into that memory."""

from __future__ import annotations

from dataclasses import replace

from recsvc.contract.acts import note_held_back, note_version
from recsvc.contract.beginnings import begin_anew, wake
from recsvc.contract.facts import Answer, When
from recsvc.contract.look import Kind, Look
from recsvc.contract.memory import Doings, Epoch, SlateMemory, Step, World


def look_at(world: World, answer: Answer) -> Look:
    """Return the answer beside what was known before it."""
    session = world.session(answer.session_id)
    wake(world, session, answer.when)
    session.user_id = answer.ask.user_id or session.user_id
    slate = world.slate(session, answer.slate_id, answer.surface)
    twin = slate.epochs.get(answer.epoch)
    t0 = answer.when.t0
    lost = session.lost_since(slate)
    reached = [number for number, each in slate.epochs.items() if each.t <= t0]
    versions = [v for v, t in session.versions.get(answer.surface, ()) if t <= t0]
    return Look(
        answer=answer,
        kind=_kind(slate, answer),
        base=_base(slate, answer),
        twin=twin,
        last=slate.last,
        last_t0=slate.last_t0 if slate.last is not None else float("-inf"),
        top_then=max(reached, default=-1 if slate.epochs else slate.top),
        step=slate.step,
        chosen_t0=slate.chosen_t0,
        asked=slate.asked,
        spent=tuple(slate.spent),
        owed=tuple(owed for owed in slate.owed if not (owed.told or owed.met)),
        pins=tuple((item, replace(pin)) for item, pin in slate.pins.items()),
        knobs=world.knobs_for(answer),
        made_t0=min([t0, *(each.t0 for each in lost)]),
        lost=lost,
        newest_version=max(versions, default=None),
        owner=world.owners.setdefault(answer.slate_id, answer.session_id),
        slate=slate,
        session=session,
        world=world,
        repeat_known=twin is None or not twin.answer.by_since,
    )


def _kind(slate: SlateMemory, answer: Answer) -> Kind:
    if answer.epoch in slate.epochs:
        return "repeat"
    if not slate.epochs:
        return "first" if answer.changes_from is None else "joined"
    if answer.epoch < slate.top:
        return "late"
    return "anew" if answer.changes_from is None else "new"


def _base(slate: SlateMemory, answer: Answer) -> Epoch | None:
    if answer.changes_from is None:
        return None
    if answer.changes_from == answer.epoch:
        return Epoch(answer, answer.when.t0, answer.when.t, True)
    return slate.epochs.get(answer.changes_from)


def remember(look: Look) -> None:
    """Write an answer that was looked at into the memory of its slate and session."""
    a, slate = look.answer, look.slate
    step = slate.step
    if look.kind == "anew":
        begin_anew(look)
    if look.kind == "repeat":
        _repeat(look)
    else:
        judged = look.base is not None or a.changes_from is None
        slate.remember(Epoch(a, look.made_t0, a.when.t, judged))
        _chosen(look)
    if look.kind != "repeat" or slate.step is not step:
        _note_step(look)
    _answered(look)
    _undone(look)
    note_version(look.session, a.surface, a.version, a.when.t)
    slate.token = a.token or slate.token
    if a.epoch >= slate.top:
        slate.last, slate.last_t0 = a, a.when.t0
        _follow_pins(look)
    if a.trigger in ("freeze", "bypass"):
        for owed in slate.owed:
            if not owed.met and owed.act.type == "undo" and owed.act.when.t0 <= a.when.t:
                note_held_back(look.world, look.session, slate, owed.act, a.when)


def _step(look: Look, when: When) -> Step:
    a = look.answer
    return Step(when, a.epoch, a.model, a.version, a.arm)


def carries(look: Look) -> bool:
    """Return True if a slate that begins may be the last one of an earlier session."""
    return look.knobs is not None and look.knobs.carry_over and look.session.user_id is not None


def goes_on(look: Look) -> Step | None:
    """Return the person's last step here: what came after it is still a cause; None if unknown."""
    a = look.answer
    person = look.world.persons.get(look.session.user_id or "")
    context, step = person.steps.get((a.surface, a.subject), ((), None)) if person else ((), None)
    return step if context == a.ask.context else None


def _note_step(look: Look) -> None:
    """Keep the slate's last step for the person's next session."""
    a, step = look.answer, look.slate.step
    if step is not None and look.session.user_id is not None:
        person = look.world.persons.setdefault(look.session.user_id, Doings())
        person.steps[a.surface, a.subject] = (a.ask.context, step)


def _chosen(look: Look) -> None:
    a, slate = look.answer, look.slate
    made = replace(a.when, t0=look.made_t0)
    if look.kind in ("first", "anew"):
        slate.step = goes_on(look) if carries(look) else _step(look, made)
        slate.chosen_t0, slate.chosen_epoch = look.made_t0, a.epoch
        return
    chosen = bool(a.displaced) or (bool(look.chosen) and not a.by_since)
    if look.kind == "joined":
        slate.step, slate.chosen_t0 = None, None
    if chosen:
        slate.spent.append((look.made_t0, a.displaced or 0))
        if slate.chosen_t0 is None or look.made_t0 >= slate.chosen_t0:
            slate.chosen_t0, slate.chosen_epoch = look.made_t0, a.epoch
    later = slate.step is None or look.made_t0 >= slate.step.when.t0
    if later and (chosen or a.trigger == "step"):
        slate.step = _step(look, made)


def _repeat(look: Look) -> None:
    a, slate, twin = look.answer, look.slate, look.twin
    if twin is None:
        return
    if twin.answer.by_since and not a.by_since:
        twin.answer = a
    if a.when.t0 < twin.t0:
        twin.t0 = a.when.t0
        if slate.chosen_epoch == a.epoch:
            slate.chosen_t0 = a.when.t0
        if slate.step is not None and slate.step.epoch == a.epoch:
            slate.step.when = replace(slate.step.when, t0=min(slate.step.when.t0, a.when.t0))
    if _empty_step(look):
        slate.step = _step(look, a.when)


def _empty_step(look: Look) -> bool:
    """Return True if a repeat was surely a step that found nothing better.

    A repeated answer may carry the `trigger` of its first one; only where a step was possible
    does the word count.
    """
    a, knobs = look.answer, look.knobs
    if a.trigger != "step" or a.degraded or knobs is None or knobs.hold_when is not None:
        return False
    if look.chosen_t0 is None or a.epoch < look.slate.top or look.maker_lost:
        return False
    return a.when.t0 - look.chosen_t0 >= knobs.hold_s + look.slack(knobs.hold_s)


def _answered(look: Look) -> None:
    a, slate = look.answer, look.slate
    asked = a.trigger == "asked"
    if asked and not a.lower_rung and look.kind != "late":
        slate.asked = a.when
    for owed in slate.owed:
        if asked and owed.act.when.t0 <= a.when.t:
            owed.met = True
        elif look.lost_after(owed.act.when.t0):
            owed.told = True
        elif owed.act.when.t <= a.when.t0 and not a.degraded:
            owed.told = owed.told or a.trigger not in ("freeze", "bypass", "degraded")


def _undone(look: Look) -> None:
    """Learn which acts changed the slate, and which dismissals an undo surely lifted."""
    a = look.answer
    if look.last is None:
        for act in look.session.acts:
            if act.slate_id in (None, a.slate_id) and act.surface in (None, a.surface):
                look.slate.past.push(act, plain=False)
    if look.kind == "late":
        return
    k = look.k or len(a.seats)
    # What lay beyond a smaller screen's end was cut before it could be dismissed.
    shown = (c for c in a.changes if c.source is None or c.source <= k)
    look.slate.past.confirm(a, tuple(shown) if look.fresh else ())
    back = {c.item_id for c in a.changes if c.reason == "undone" and c.source is None}
    for doings in look.doings if look.fresh else ():
        for item_id in back & doings.dismissed.keys():
            doings.dismissed[item_id].confirm()


def _follow_pins(look: Look) -> None:
    """Bring the pins' seats in line with an answer; a pin whose item is gone has ended."""
    slate, answer = look.slate, look.answer
    items, when = answer.items, answer.when
    for item_id, pin in list(slate.pins.items()):
        binding = pin.toggle.surely(True, when.t0, when.t)
        if item_id in items and binding and item_id not in answer.pinned:
            # Told once. A seat cut with its pin may also be won back as any newcomer wins one.
            del slate.pins[item_id]
        elif item_id in items:
            seat = items.index(item_id) + 1
            # A slate too short for the seat closes the gap; an act in flight moves with the slate,
            # and one that got lost may have had such a short slate.
            if not binding or pin.seat is None or pin.seat > len(items) or look.lost:
                pin.seat, pin.anywhere = seat, False
        elif pin.seat is None or pin.seat > (answer.ask.k or pin.seat):
            pin.seat = None
        elif binding:
            del slate.pins[item_id]
