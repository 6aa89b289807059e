"""What the judge remembers: the world, the persons, the sessions and, bounded, their slates."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field

from recsvc.contract.facts import Act, Answer, Ask, When
from recsvc.contract.knobs import Knobs
from recsvc.contract.past import Past
from recsvc.contract.toggle import Toggle

EPOCHS_KEPT = 16
SLATES_KEPT = 16
SESSIONS_KEPT = 10_000
ACTS_KEPT = 64
ITEMS_OBSERVED = 512
Subject = tuple[str, str | None]
Context = tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Epoch:
    """One epoch as first answered; times widen to the earliest request that showed it."""

    answer: Answer
    t0: float
    t: float
    difference_judged: bool


def after(act: When, mark: When | None) -> bool:
    """Return True if an act may have come too late for the answer that `mark` is the time of."""
    if mark is None or act.t > mark.t0:
        return True
    return act.t == mark.t0 and act.line > mark.line


@dataclass(slots=True)
class Step:
    """The last step: what was known to the service then is no cause any more."""

    when: When
    epoch: int
    model: str | None
    version: int | None
    arm: str | None


@dataclass(slots=True)
class Owed:
    """A refresh, undo or choice whose answer is due.

    An undo of one dismissal (acknowledged at the time `undone`) brings back an `item_id`.
    """

    act: Act
    item_id: str | None = None
    seat: int | None = None
    undone: When | None = None
    told: bool = False
    met: bool = False


@dataclass(slots=True)
class Pin:
    """A visitor's pin on one slate; the seat is that of the last answer before it.

    `anywhere`: the answer before it got lost, and with it the seat.
    """

    toggle: Toggle
    seat: int | None
    anywhere: bool = False


@dataclass(slots=True, eq=False)
class SlateMemory:
    """The latest epochs of one slate and what its next answer is judged against."""

    slate_id: str
    surface: str
    top: int = -1
    epochs: OrderedDict[int, Epoch] = field(default_factory=OrderedDict)
    last: Answer | None = None
    last_t0: float = 0.0
    step: Step | None = None
    chosen_t0: float | None = None
    chosen_epoch: int = -1
    asked: When | None = None
    spent: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=256))
    pins: dict[str, Pin] = field(default_factory=dict)
    owed: deque[Owed] = field(default_factory=lambda: deque(maxlen=8))
    past: Past = field(default_factory=Past)
    token: str | None = None

    def newest(self) -> Epoch | None:
        """Return the highest epoch remembered."""
        return self.epochs.get(self.top)

    def remember(self, epoch: Epoch) -> None:
        """Keep an epoch and forget the lowest ones beyond the bound."""
        self.epochs[epoch.answer.epoch] = epoch
        self.top = max(self.top, epoch.answer.epoch)
        while len(self.epochs) > EPOCHS_KEPT:
            del self.epochs[min(self.epochs)]

    def loosen_pins(self) -> None:
        """Forget where the pinned items sit, until the next answer shows it."""
        for pin in self.pins.values():
            pin.seat, pin.anywhere = None, False

    def begin_anew(self) -> None:
        """Forget all but the epoch reached, which never goes back."""
        self.epochs.clear()
        self.pins.clear()
        self.owed.clear()
        self.spent.clear()
        self.past.doubt()


@dataclass(slots=True)
class Doings:
    """What one visitor (a session, or a person over sessions) did.

    `steps` are the last ones by (surface, subject), each with the context it was asked in.
    """

    causes: deque[When] = field(default_factory=lambda: deque(maxlen=ACTS_KEPT))
    dismissed: dict[str, Toggle] = field(default_factory=dict)
    observed: OrderedDict[str, dict[str, float]] = field(default_factory=OrderedDict)
    personal: Toggle = field(default_factory=Toggle)
    turned_t: float = float("-inf")
    steps: dict[Subject, tuple[Context, Step]] = field(default_factory=dict)

    def doubt_dismissals(self, when: When) -> None:
        """Record that all dismissals may have been lifted."""
        for toggle in self.dismissed.values():
            toggle.doubt(when)

    def observe(self, item_id: str, kind: str, t0: float) -> None:
        """Remember the first event of a kind on an item, for the latest items."""
        self.observed.setdefault(item_id, {}).setdefault(kind, t0)
        self.observed.move_to_end(item_id)
        while len(self.observed) > ITEMS_OBSERVED:
            self.observed.popitem(last=False)


@dataclass(slots=True)
class SessionMemory:
    """One session: its slates, its doings, and what it was last told."""

    session_id: str
    doings: Doings = field(default_factory=Doings)
    user_id: str | None = None
    slates: OrderedDict[str, SlateMemory] = field(default_factory=OrderedDict)
    versions: dict[str, deque[tuple[int, float]]] = field(default_factory=dict)
    acts: deque[Act] = field(default_factory=lambda: deque(maxlen=ACTS_KEPT))
    event_ids: deque[str] = field(default_factory=lambda: deque(maxlen=4 * ACTS_KEPT))
    lost: deque[When] = field(default_factory=lambda: deque(maxlen=ACTS_KEPT))
    begun_anew_t: float = float("-inf")
    seen: When | None = None
    woke_t: float = float("-inf")

    def slates_for(self, act: Act) -> list[SlateMemory]:
        """Return the slates that an act may be about."""
        if act.slate_id is not None:
            return [self.slates[act.slate_id]] if act.slate_id in self.slates else []
        return [s for s in self.slates.values() if act.surface in (None, s.surface)]

    def slate_for(self, act: Act) -> SlateMemory | None:
        """Return the slate an act is about; None if it cannot be told."""
        fit = self.slates_for(act)
        return fit[0] if len(fit) == 1 else None

    def lost_since(self, slate: SlateMemory) -> tuple[When, ...]:
        """Return the times of lost answers that a slate's last answer does not yet know of."""
        return tuple(w for w in self.lost if slate.last is None or w.t >= slate.last_t0)

    def epoch_asked(self, ask: Ask) -> tuple[SlateMemory, Epoch] | None:
        """Return the slate and epoch that a 304 confirms; None if they cannot be told."""
        like = (ask.subject, ask.context)
        fit = [s for s in self.slates.values() if s.last and s.surface == ask.surface]
        same = [s for s in fit if s.last and (s.last.subject, s.last.ask.context) == like]
        for slate in [*same, *fit]:
            for epoch in slate.epochs.values():
                if ask.etag is not None and epoch.answer.etag == ask.etag:
                    return slate, epoch
        newest = same[0].newest() if len(same) == 1 else None
        return None if newest is None else (same[0], newest)


@dataclass(slots=True)
class World:
    """What holds for everybody: items, switches, published knobs, the state store, persons."""

    items: dict[str, Toggle] = field(default_factory=dict)
    switches: dict[tuple[str, str | None], Toggle] = field(default_factory=dict)
    knobs: dict[str, OrderedDict[int | None, Knobs]] = field(default_factory=dict)
    store_lost_t: float = float("-inf")
    persons: dict[str, Doings] = field(default_factory=dict)
    editors_pin: bool = False
    reached: dict[str, int] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    sessions: OrderedDict[str, SessionMemory] = field(default_factory=OrderedDict)

    def session(self, session_id: str) -> SessionMemory:
        """Return the memory of a session; the longest unseen is reduced to its epochs reached."""
        found = self.sessions.setdefault(session_id, SessionMemory(session_id))
        self.sessions.move_to_end(session_id)
        if len(self.sessions) > SESSIONS_KEPT:
            _, oldest = self.sessions.popitem(last=False)
            self.reached.update((s.slate_id, s.top) for s in oldest.slates.values())
        return found

    def slate(self, session: SessionMemory, slate_id: str, surface: str) -> SlateMemory:
        """Return the memory of a slate, new if unknown; the latest ones per session are kept."""
        if slate_id not in session.slates:
            top = self.reached.pop(slate_id, -1)
            session.slates[slate_id] = SlateMemory(slate_id, surface, top)
        session.slates.move_to_end(slate_id)
        if len(session.slates) > SLATES_KEPT:
            _, oldest = session.slates.popitem(last=False)
            self.reached[oldest.slate_id] = oldest.top
        return session.slates[slate_id]

    def doings(self, session: SessionMemory) -> tuple[Doings, ...]:
        """Return the session's doings and, where its person is known, the person's."""
        if session.user_id is None:
            return (session.doings,)
        return (session.doings, self.persons.setdefault(session.user_id, Doings()))

    def knobs_for(self, answer: Answer) -> Knobs | None:
        """Return the knobs of the version an answer names; None if never published here."""
        versions = self.knobs.get(answer.surface)
        if not versions:
            return None
        if answer.version is None:
            return next(reversed(versions.values()))
        return versions.get(answer.version, versions.get(None))

    def switch(self, name: str, surface: str) -> list[Toggle]:
        """Return the toggles of a switch that bear on a surface."""
        both = (self.switches.get((name, None)), self.switches.get((name, surface)))
        return [toggle for toggle in both if toggle is not None]
