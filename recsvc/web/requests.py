"""What the doors accept, as types: the same that check it describe it."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

# Control characters and halves of surrogate pairs are no part of a name, and no store keeps them.
# U+FFFD stands where bytes of an address were no UTF-8.
PRINTABLE = r"^[^\x00-\x1f\x7f\ud800-\udfff\ufffd]*\Z"
Id = Annotated[str, Meta(min_length=1, max_length=128, pattern=PRINTABLE)]
ItemId = Annotated[str, Meta(min_length=1, max_length=256, pattern=PRINTABLE)]
Word = Annotated[str, Meta(min_length=1, max_length=64, pattern=PRINTABLE)]
Text = Annotated[str, Meta(max_length=500)]

# What a page says of itself; a query has text for it, JSON also numbers, true and false.
Said = Annotated[str, Meta(max_length=256)] | bool | int | float


class SlateQuery(msgspec.Struct, kw_only=True):
    """Parameters of one slate, in the query or as JSON."""

    session_id: Id | None = None
    user_id: Id | None = None
    k: Annotated[int, Meta(ge=1, le=100)] | None = None
    subject: ItemId | None = None
    context: Annotated[dict[Word, Said], Meta(max_length=16)] = msgspec.field(default_factory=dict)
    exclude: Annotated[list[ItemId], Meta(max_length=200)] = msgspec.field(default_factory=list)
    alternatives: Annotated[int, Meta(ge=0, le=5)] = 0
    explain: bool = False
    token: Annotated[str, Meta(max_length=16_384)] | None = None


class ReportedEvent(msgspec.Struct, kw_only=True):
    """One event as a client reports it; `timestamp` in epoch seconds."""

    event_id: Id
    type: Word
    session_id: Id
    surface: Word
    slate_id: Id | None = None
    epoch: Annotated[int, Meta(ge=0, le=2**53)] | None = None
    position: Annotated[int, Meta(ge=1, le=1000)] | None = None
    item_id: ItemId | None = None
    alternative_id: Id | None = None
    user_id: Id | None = None
    timestamp: float | None = None
    value: float | None = None
    reason: Text | None = None


class UserPath(msgspec.Struct):
    """The user of a path."""

    user_id: Id


class SessionPath(msgspec.Struct):
    """The session of a path."""

    session_id: Id


class ItemPath(msgspec.Struct):
    """The item of a path."""

    item_id: ItemId


class EventBatch(msgspec.Struct, kw_only=True):
    """Up to 500 events; each is checked for itself."""

    events: Annotated[list[Any], Meta(min_length=1, max_length=500)]


class ConsentWord(msgspec.Struct, kw_only=True):
    """What somebody agrees to now."""

    personalisation: bool
    analytics: bool = False


class ItemWord(msgspec.Struct, kw_only=True):
    """An item as the host describes it."""

    title: Text | None = None
    url: Annotated[str, Meta(max_length=2000)] | None = None
    image: Annotated[str, Meta(max_length=2000)] | None = None
    available: bool = True
    attributes: Annotated[dict[Word, str | float | bool], Meta(max_length=64)] = msgspec.field(
        default_factory=dict
    )
