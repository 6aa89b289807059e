"""The gallery: a visit as a wall of seats, where an item that stays is one long beam.

Looks are columns and seats are rows. What is kept runs on; what is new or moved begins anew.
"""

from __future__ import annotations

from dataclasses import dataclass

from simulations.report.numerals import clean, short
from simulations.report.visits import Changed, Event, Item, Visit
from simulations.report.words import verb

TITLE_LENGTH = 90


@dataclass(frozen=True)
class Beam:
    """One item in one seat over `span` looks from `look` on (from 0).

    `opening` says how it came there: first (the first look), new, moved, pinned, kept (only after
    a mark has cut the beam), empty. `shift` counts the seats it moved, negative: upward. `taken`:
    the visitor took it right after the last look of the beam.
    """

    look: int
    span: int
    item_id: str
    title: str
    opening: str
    shift: int = 0
    taken: bool = False

    @property
    def sign(self) -> str:
        """What tells the opening without colour."""
        if self.opening == "moved" and self.shift:
            return f"{'↑' if self.shift < 0 else '↓'}{abs(self.shift)}"
        return {"new": "+", "moved": "↕", "pinned": "◆"}.get(self.opening, "")

    @property
    def said(self) -> str:
        """The opening for those who hear the page."""
        if self.opening == "moved" and self.shift:
            return f"moved {'up' if self.shift < 0 else 'down'} {abs(self.shift)}"
        return {"first": "", "kept": "still"}.get(self.opening, self.opening)


@dataclass(frozen=True)
class Look:
    """The head of a column: what the visitor did before looking."""

    number: int
    did: str
    title: str


@dataclass(frozen=True)
class Wall:
    """All looks of one visit under one policy. `seats` are rows of beams from the first seat on."""

    policy: str
    looks: tuple[Look, ...]
    seats: tuple[tuple[Beam, ...], ...]
    changes: tuple[str, ...]
    total: str


@dataclass(frozen=True)
class Exhibit:
    """One visit, one wall for each policy."""

    heading: str
    about: str
    walls: tuple[Wall, ...]


def exhibit(visit: Visit) -> Exhibit:
    """A visit as the page shows it."""
    names = visit.policies or tuple(visit.rows[0].slates if visit.rows else ())
    whose = f", visitor {short(visit.user, 40)}" if visit.user else ""
    return Exhibit(
        f"Visit {short(visit.visit, 40)}{whose}",
        short(visit.about, 300),
        tuple(wall(visit, name) for name in names),
    )


def wall(visit: Visit, policy: str) -> Wall:
    """The looks of a visit under one policy."""
    slates = [row.slates.get(policy, ()) for row in visit.rows]
    nexts = [row.event.item_id if row.event else None for row in visit.rows[1:]] + [None]
    height = max((len(slate) for slate in slates), default=0)
    changed = [row.changed.get(policy) for row in visit.rows]
    return Wall(
        policy,
        tuple(_look(number, row.event) for number, row in enumerate(visit.rows)),
        tuple(_beams(slates, nexts, seat) for seat in range(height)),
        tuple(_change(found, number) for number, found in enumerate(changed)),
        _total([found for found in changed[1:] if found is not None]),
    )


def _look(number: int, event: Event | None) -> Look:
    if event is None:
        return Look(number + 1, "first look" if number == 0 else "looked again", "")
    return Look(number + 1, verb(event.type), short(event.title or event.item_id or "", 60))


def _beams(slates: list[tuple[Item, ...]], nexts: list[str | None], seat: int) -> tuple[Beam, ...]:
    """One row: cells of the same item side by side are one beam, cut after what was taken."""
    beams: list[Beam] = []
    for look, slate in enumerate(slates):
        item = slate[seat] if seat < len(slate) else None
        taken = item is not None and nexts[look] is not None and item.item_id == nexts[look]
        last = beams[-1] if beams else None
        here = "" if item is None else item.item_id
        runs_on = (
            last is not None
            and last.item_id == here
            and not last.taken
            and (item is None or item.standing in ("kept", last.opening))
        )
        if last is not None and runs_on:
            beams[-1] = Beam(
                last.look, last.span + 1, here, last.title, last.opening, last.shift, taken
            )
        elif item is None:
            beams.append(Beam(look, 1, "", "", "empty"))
        else:
            shift = _shift(slates[look - 1], item, seat) if look else 0
            title = short(item.title or item.item_id, TITLE_LENGTH)
            opening = "first" if look == 0 and item.standing != "pinned" else item.standing
            beams.append(Beam(look, 1, here, title, opening, shift, taken))
    return tuple(beams)


def _shift(before: tuple[Item, ...], item: Item, seat: int) -> int:
    """How many seats an item moved since the look before, 0 if it was not there."""
    old = [number for number, other in enumerate(before) if other.item_id == item.item_id]
    return seat - old[0] if old else 0


def _change(found: Changed | None, number: int) -> str:
    """What one look changed, in few words."""
    if number == 0 or found is None:
        return ""
    told = [
        f"{count} {word}"
        for count, word in (
            (found.displaced, "replaced"),
            (found.moved, "moved"),
            (found.forced, "forced"),
        )
        if count
    ]
    return clean(", ".join(told)) or "nothing"


def _total(changes: list[Changed]) -> str:
    """What all looks changed."""
    displaced = sum(found.displaced for found in changes)
    moved = sum(found.moved for found in changes)
    forced = sum(found.forced for found in changes)
    text = f"{displaced} replaced, {moved} moved"
    return f"{text}, {forced} forced" if forced else text
