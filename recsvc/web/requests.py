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


UserToken = Annotated[
    Annotated[str, Meta(max_length=4_096)] | None,
    Meta(
        description="A JWT by which the host's server vouches for the user; needed with a "
        "publishable key. `X-Recsvc-User-Token` may carry it as well."
    ),
]


class SlateQuery(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What is asked for, in the query or as JSON."""

    session_id: Annotated[
        Id | None, Meta(description="The visitor's session; one is issued if none is named.")
    ] = None
    user_id: Annotated[
        Id | None,
        Meta(
            description="Who it is, where known. A session belongs to the first user named in it."
        ),
    ] = None
    user_token: UserToken = None
    k: Annotated[
        Annotated[int, Meta(ge=1, le=100)] | None,
        Meta(description="Seats; the surface's own number otherwise."),
    ] = None
    subject: Annotated[
        ItemId | None, Meta(description="An item that the slate is about; it gives its own slate.")
    ] = None
    context: Annotated[
        dict[Word, Said],
        Meta(max_length=16, description="What the surface's `slate_key` names and its rules ask."),
    ] = msgspec.field(default_factory=dict)
    exclude: Annotated[
        list[ItemId], Meta(max_length=200, description="Items not to show in this answer.")
    ] = msgspec.field(default_factory=list)
    alternatives: Annotated[
        int, Meta(ge=0, le=5, description="Further slates at most; none are offered so far.")
    ] = 0
    since: Annotated[
        Annotated[int, Meta(ge=0, le=2**53)] | None,
        Meta(
            description="An epoch that you have: changes are told relative to it, if it is one of "
            "the last eight of this slate. `changes_from` says to which they are."
        ),
    ] = None
    cursor: Annotated[
        Annotated[str, Meta(min_length=1, max_length=512)] | None,
        Meta(description="`next` of an answer, as it is: the page that follows, of `k` items."),
    ] = None
    explain: Annotated[
        bool, Meta(description="Add to each item and each change why: a sentence and facts.")
    ] = False
    token: Annotated[
        str | None,
        Meta(
            description="The newest token of this slate; with it the slate stays what it is also "
            "where the service has lost its state. May be sent as `X-Recsvc-Token`."
        ),
    ] = None


class Candidate(msgspec.Struct, forbid_unknown_fields=True):
    """An item and what it is worth to the host's own recommender."""

    item_id: ItemId
    score: float


class SlateWord(SlateQuery, kw_only=True):
    """What is asked for as JSON: the same as by query, and candidates of one's own."""

    candidates: Annotated[
        Annotated[
            list[Any],
            Meta(
                min_length=1,
                max_length=2_000,
                extra_json_schema={"items": {"$ref": "#/components/schemas/Candidate"}},
            ),
        ]
        | None,
        Meta(
            description="Ranked by your own recommender; needs a secret key. Each item once, of "
            "the shown ones the ids together at most 8,000 bytes."
        ),
    ] = None
    model: Annotated[
        Word | None,
        Meta(description="What ranked them, `own` if not said: another one is a cause."),
    ] = None


class SlateEntry(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One slate of a page."""

    surface: Word
    k: Annotated[int, Meta(ge=1, le=100)] | None = None
    subject: ItemId | None = None
    context: Annotated[dict[Word, Said], Meta(max_length=16)] = msgspec.field(default_factory=dict)
    exclude: Annotated[list[ItemId], Meta(max_length=200)] = msgspec.field(default_factory=list)
    alternatives: Annotated[int, Meta(ge=0, le=5)] = 0
    since: Annotated[int, Meta(ge=0, le=2**53)] | None = None
    explain: bool = False
    token: Annotated[str | None, Meta(description="The newest token of this slate.")] = None


class PageWord(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A whole page: several slates of one session."""

    session_id: Id | None = None
    user_id: Id | None = None
    user_token: UserToken = None
    surfaces: Annotated[
        list[Any],
        Meta(
            min_length=1,
            max_length=20,
            extra_json_schema={"items": {"$ref": "#/components/schemas/SlateEntry"}},
        ),
    ]
    deduplicate: Annotated[
        bool, Meta(description="An item on at most one of the slates, earlier ones first.")
    ] = True
    token: Annotated[str | None, Meta(description="A token of any of the slates.")] = None


class LoginWord(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Who a visitor turned out to be."""

    user_id: Id
    user_token: UserToken = None


class ReportedEvent(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One event as a client reports it."""

    event_id: Annotated[
        Id, Meta(description="Unique in the session; an event counts once however often sent.")
    ]
    type: Word
    session_id: Id
    surface: Word
    slate_id: Annotated[
        Id | None, Meta(description="The slate acted on; else the latest of the surface.")
    ] = None
    epoch: Annotated[int, Meta(ge=0, le=2**53)] | None = None
    position: Annotated[int, Meta(ge=1, le=1000)] | None = None
    item_id: Annotated[
        ItemId | None,
        Meta(description="An item of the catalogue; needed but for `undo` and `refresh`."),
    ] = None
    alternative_id: Id | None = None
    user_id: Id | None = None
    timestamp: Annotated[
        float | None,
        Meta(description="Seconds since 1970, UTC; at most five minutes ahead. Now, if not said."),
    ] = None
    value: float | None = None
    reason: Text | None = None


class SurfacePath(msgspec.Struct):
    """The surface of a path."""

    surface: Annotated[Word, Meta(description="A place where a slate appears.")]


class UserPath(msgspec.Struct):
    """The user of a path."""

    user_id: Annotated[Id, Meta(description="As the host names its users.")]


class SessionPath(msgspec.Struct):
    """The session of a path."""

    session_id: Annotated[Id, Meta(description="As in the slate's answer.")]


class ItemPath(msgspec.Struct):
    """The item of a path."""

    item_id: Annotated[ItemId, Meta(description="As in the training data, or new.")]


class EventBatch(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Events, each checked for itself: good ones are taken, bad ones are listed in the answer."""

    events: Annotated[
        list[Any],
        Meta(
            min_length=1,
            max_length=500,
            extra_json_schema={"items": {"$ref": "#/components/schemas/ReportedEvent"}},
        ),
    ]
    user_token: UserToken = None
    tokens: Annotated[
        dict[str, str],
        Meta(
            max_length=16,
            description="The newest tokens of the visitor's slates, by slate. One alone may be "
            "sent as `X-Recsvc-Token`, or as `token` in the address.",
        ),
    ] = msgspec.field(default_factory=dict)


class ConsentWord(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What somebody agrees to now."""

    personalisation: Annotated[bool, Meta(description="Suggestions may follow what they do.")]
    analytics: Annotated[bool, Meta(description="What they do may be counted.")] = False


class ItemWord(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """An item as the host describes it."""

    title: Text | None = None
    url: Annotated[str, Meta(max_length=2000)] | None = None
    image: Annotated[str, Meta(max_length=2000)] | None = None
    available: Annotated[
        bool, Meta(description="False takes the item off every slate at once.")
    ] = True
    attributes: Annotated[dict[Word, str | float | bool], Meta(max_length=64)] = msgspec.field(
        default_factory=dict
    )
