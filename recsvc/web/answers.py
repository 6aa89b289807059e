"""What the doors answer, as types: the same that are rendered describe the answers."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from policies import REASONS
from policies.slate import Standing

TRIGGERS = (
    "freeze", "bypass", "asked", "degraded", "hold_rule", "refresh_rule", "quiet", "hold", "step",
    "session_start",
)  # fmt: skip

# The values of these come from tables, so they are told to whoever reads, and not checked here.
ChangeReason = Annotated[str, Meta(extra_json_schema={"enum": list(REASONS)})]
Trigger = Annotated[str, Meta(extra_json_schema={"enum": list(TRIGGERS)})]
Moment = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
Count = Annotated[int, Meta(ge=0)]
Place = Annotated[int, Meta(ge=1, description="Counts from 1.")]


class Why(Struct):
    """A sentence to show, and the facts behind it for programs; unknown facts are left out."""

    sentence: str
    facts: dict[str, Any]


class ShownItem(Struct):
    """One seat of a slate and the item in it."""

    item_id: str
    position: Place
    standing: Standing
    score: Annotated[
        float | None, Meta(description="The model's; comparable within this epoch only.")
    ]
    reason: Annotated[str, Meta(description="Such as `for_you`, `popular`, `editors_pick`.")]
    because: Annotated[
        tuple[str, ...], Meta(description="The visitor's own items behind this suggestion.")
    ]
    title: str | None
    url: str | None
    image: str | None
    pinned: bool
    explanation: Why | UnsetType = UNSET


class ToldChange(Struct):
    """One difference to the epoch `changes_from`; a place that is null is off the slate."""

    item_id: str
    before: Place | None = field(name="from")
    after: Place | None = field(name="to")
    reason: ChangeReason
    explanation: Why | UnsetType = UNSET


class Consistency(Struct):
    """How this answer keeps the promise."""

    allowed: Annotated[Count, Meta(description="Displacements this epoch might have made.")]
    displaced: Annotated[Count, Meta(description="Displacements it made.")]
    refilled: Annotated[Count, Meta(description="Seats whose item had to go.")]
    churn: Annotated[float, Meta(ge=0, description="Displaced / seats filled before.")]
    budget_left: Annotated[
        Count | None, Meta(description="Displacements left in the window; null: no budget.")
    ]
    trigger: Annotated[Trigger, Meta(description="The row of the decision's table that applied.")]
    cause: Annotated[
        str | None, Meta(description="What is new since the last step; null: nothing.")
    ]
    rule: Annotated[str | None, Meta(description="The rule that held or refreshed, as published.")]
    hold_until: Annotated[Moment, Meta(description="No step before it. UTC, ISO 8601.")]


class ServedBy(Struct):
    """Who answered."""

    rung: Annotated[str, Meta(description="`primary`, or the back-up that answered.")]
    model: str
    degraded: Annotated[
        bool, Meta(description="A back-up answered; what was on the screen has stayed.")
    ]
    degraded_reason: str | None
    took_ms: Annotated[float, Meta(ge=0)]


class PolicyTold(Struct):
    """The version of the surface's knobs in force."""

    version: int
    arm: str


class Slate(Struct):
    """The ordered items of a surface, and what changed. Same epoch, same slate."""

    slate_id: str
    surface: str
    subject: str | None
    session_id: str
    epoch: Annotated[
        int, Meta(ge=0, description="Grows with every change of content, order or pins.")
    ]
    items: list[ShownItem]
    changes_from: Annotated[
        int | None, Meta(description="The epoch that `changes` are relative to; null: none.")
    ]
    changes: list[ToldChange]
    consistency: Consistency
    served_by: ServedBy
    policy: PolicyTold
    alternatives: Annotated[list[Any], Meta(max_length=0, description="Always empty so far.")]
    next: Annotated[
        str | None,
        Meta(description="The `cursor` of the following page; null where the ranking ends."),
    ]
    token: Annotated[
        str | None,
        Meta(description="Signed; send the newest back. Null where it would be too long."),
    ]


class PageOfSlates(Struct):
    """The slates of a page, in the order in which they were asked for."""

    session_id: str
    slates: list[Slate]


class PageItem(Struct):
    """One item of a further page."""

    item_id: str
    position: Annotated[int, Meta(ge=1, description="Goes on from the slate's last seat.")]
    reason: Annotated[str, Meta(description="Such as `for_you`, `popular`.")]
    title: str | None
    url: str | None
    image: str | None


class FurtherPage(Struct):
    """What follows a slate in the ranking behind one of its epochs. No slate: it has no changes."""

    slate_id: str
    surface: str
    session_id: str
    epoch: Annotated[int, Meta(ge=0, description="The epoch that the ranking is behind.")]
    items: list[PageItem]
    next: Annotated[
        str | None,
        Meta(description="The `cursor` of the following page; null where the ranking ends."),
    ]


class FieldFault(Struct):
    """One thing that is wrong with one field."""

    field: str
    message: str


class Discarded(Struct):
    """An event that was not kept."""

    event_id: str
    reason: Literal["no_consent"]


class RejectedEvent(Struct):
    """An event that cannot be used, with every fault; `index` is its place in the batch."""

    event_id: Annotated[str, Meta(description="As sent, empty where it was no text.")]
    index: Annotated[int, Meta(ge=0, description="Counts from 0.")]
    errors: list[FieldFault]


class EventsHeard(Struct):
    """What became of a batch."""

    accepted: Annotated[Count, Meta(description="New events that were taken.")]
    duplicate: Annotated[Count, Meta(description="Events that were known already.")]
    discarded: list[Discarded]
    rejected: list[RejectedEvent]
    tokens: Annotated[
        dict[str, str],
        Meta(description="By slate, the newest tokens of slates that the events were about."),
    ]


class ConsentTold(Struct):
    """What somebody agrees to; both are false until said otherwise."""

    personalisation: bool
    analytics: bool


class LoginTold(Struct):
    """The session, and whose it is now."""

    session_id: str
    user_id: str


class LogoutTold(Struct):
    """The session that begins now."""

    session_id: Annotated[str, Meta(description="Issued; use it in the place of the old one.")]


class ItemTold(Struct):
    """An item that was described, and whether slates may show it."""

    item_id: str
    available: bool


class Alive(Struct):
    """The process lives."""

    status: Literal["ok"]


class RefusedModel(Struct):
    """A model that was promoted and cannot be used; the one before it answers on."""

    model: str
    why: str


class Readiness(Struct):
    """Whether this process can serve, and what each part says: `ok` or what is wrong."""

    status: Literal["ready", "not ready"]
    model: Annotated[str, Meta(description="The model that answers in this process.")]
    parts: dict[str, str]
    refused: Annotated[
        RefusedModel | None, Meta(description="The latest promotion, where it was refused.")
    ] = None


class Problem(Struct):
    """An error (RFC 9457): a stable `code` for programs, plain words for people, every fault."""

    type: Literal["about:blank"]
    title: str
    status: Annotated[int, Meta(ge=400, le=599)]
    code: Annotated[str, Meta(description="Stable; each answer lists those that it can have.")]
    detail: str
    errors: list[FieldFault]
