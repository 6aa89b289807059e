"""A session takes so much room in a store and no more, whatever a visitor or a host sends.

A document that is too long is compressed, for its slates, changes and tokens repeat the same ids.
If that is not enough, what a session can do without goes, of the least recently used slate first:

1. event ids are kept by their marks
2. the way back to earlier epochs and the ranking behind: `since` falls back, cursors are gone
3. whole slates, but not those of the answer
4. what could be undone

What remains is what the promise needs: the slates on the screen, dismissals, acts not shown yet.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, TypeVar

from policies import SlateState
from recsvc.serving.session import ROOM, Session, encode, mark

_MARKED: Final = 9
"""Characters of a mark; shorter ids stay as they are."""

T = TypeVar("T")


def packed(session: Session) -> bytes:
    """The session as stored, in at most ROOM bytes where what is on the screen allows it."""
    data = encode(session)
    if len(data) > ROOM:
        for less in smaller(session):
            data = encode(less)
            if len(data) <= ROOM:
                break
    return data


def smaller(session: Session) -> Iterator[Session]:
    """The session with ever less of what it can do without."""
    marks = [one if len(one) <= _MARKED else mark(one) for one in session.applied]
    session = session._replace(applied=tuple(marks))
    yield session
    for name in session.slates:
        if name in session.behind:
            session = session._replace(behind=_but(session.behind, name))
            yield session
    now = {name for name, state in session.slates.items() if _newest(session, state)}
    for name in [name for name in session.slates if name not in now]:
        session = _forget(session, name)
        yield session
    for name, state in session.slates.items():
        # An undo that was accepted and waits to be shown needs what it restores.
        undos = [ask.kind for ask in session.pending.get(name, ())].count("undo")
        past = state.past[len(state.past) - undos :] if undos else ()
        session = session._replace(slates={**session.slates, name: state._replace(past=past)})
        yield session


def _newest(session: Session, state: SlateState) -> bool:
    return state.answered_at >= max(one.answered_at for one in session.slates.values())


def _forget(session: Session, slate_id: str) -> Session:
    return session._replace(
        slates=_but(session.slates, slate_id),
        latest={surface: name for surface, name in session.latest.items() if name != slate_id},
        pending=_but(session.pending, slate_id),
        edges=_but(session.edges, slate_id),
        signed=_but(session.signed, slate_id),
        shown=_but(session.shown, slate_id),
        behind=_but(session.behind, slate_id),
    )


def _but(by_name: Mapping[str, T], *names: str) -> dict[str, T]:
    return {name: one for name, one in by_name.items() if name not in names}
