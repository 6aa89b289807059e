"""One example of each body, of the types themselves where there are some; a test validates them."""

from __future__ import annotations

from typing import Any, Final

from msgspec import to_builtins

from recsvc.web.answers import (
    Alive,
    ConsentTold,
    Consistency,
    EventsHeard,
    FieldFault,
    ItemTold,
    LoginTold,
    LogoutTold,
    PolicyTold,
    Problem,
    Readiness,
    RejectedEvent,
    ServedBy,
    ShownItem,
    Slate,
    ToldChange,
)

# For the parameters of paths and queries, by name. They fit the shop of the demo.
PARAMETERS: Final[dict[str, Any]] = {
    "surface": "home",
    "session_id": "s1",
    "user_id": "u1",
    "item_id": "item-21",
    "k": 10,
    "subject": "item-21",
    "exclude": ["item-7", "item-9"],
    "context": {"context.destination": "Porto"},
    "explain": True,
    "cursor": "…",
    "since": 1795456800003,
    "alternatives": 0,
    "token": "…",
    "user_token": "eyJhbGciOiJIUzI1NiJ9…",
}

SLATE: Final = to_builtins(
    Slate(
        slate_id="sl_5d41402abc4b2a76",
        surface="home",
        subject=None,
        session_id="s1",
        epoch=1795456800004,
        items=[
            ShownItem(
                "item-21", 1, "kept", 0.81, "for_you", ("item-7",), "Tram tour", None, None, False
            ),
            ShownItem("item-12", 2, "new", 0.79, "for_you", (), "Port tasting", None, None, False),
        ],
        changes_from=1795456800003,
        changes=[
            ToldChange("item-30", 2, None, "displaced"),
            ToldChange("item-12", None, 2, "better_match"),
        ],
        consistency=Consistency(
            2, 1, 0, 0.1, 5, "step", "event", None, "2026-11-23T18:00:30.004Z"
        ),
        served_by=ServedBy("primary", "als-20261123-180000", False, None, 3.1),
        policy=PolicyTold(7, "control"),
        alternatives=[],
        next=None,
        token=None,
    )
)  # fmt: skip
ASKED: Final = {
    "session_id": "s1",
    "k": 10,
    "context": {"destination": "Porto", "filters_applied": True},
    "exclude": ["item-7"],
}
PAGE: Final = {"session_id": "s1", "slates": [SLATE]}
PAGE_ASKED: Final = {
    "session_id": "s1",
    "surfaces": [{"surface": "home", "k": 10}],
    "deduplicate": True,
}
EVENTS: Final = {
    "events": [
        {
            "event_id": "page-1-view-1",
            "type": "view",
            "session_id": "s1",
            "surface": "home",
            "item_id": "item-21",
        }
    ]
}
HEARD: Final = to_builtins(
    EventsHeard(
        accepted=1,
        duplicate=0,
        discarded=[],
        rejected=[
            RejectedEvent(
                "page-1-view-2", 1, [FieldFault("item_id", "is not an item of the catalogue")]
            )
        ],
        tokens={},
    )
)
CONSENT: Final = to_builtins(ConsentTold(personalisation=True, analytics=False))
LOGIN: Final = {"user_id": "u1", "user_token": "eyJhbGciOiJIUzI1NiJ9…"}
LOGIN_TOLD: Final = to_builtins(LoginTold("s1", "u1"))
LOGOUT_TOLD: Final = to_builtins(LogoutTold("uXf0eT3cPz1mKq8wYb5nRd2hJv7sLa9gQeWk4tMi"))
ITEM: Final = {
    "title": "Port tasting",
    "url": "https://shop.example/item-21",
    "available": True,
    "attributes": {"city": "Porto", "hours": 2.5},
}
ITEM_TOLD: Final = to_builtins(ItemTold("item-21", True))
ALIVE: Final = to_builtins(Alive("ok"))
READY: Final = to_builtins(
    Readiness("ready", "als-20261123-180000", {"sessions": "ok", "records": "ok"})
)
NOT_READY: Final = to_builtins(
    Readiness(
        "not ready",
        "als-20261123-180000",
        {"sessions": "ok", "records": "The records cannot be reached just now; try again."},
    )
)


def problem(status: int, code: str, title: str) -> Any:
    """An error of this kind."""
    bad = code == "bad_input"
    faults = [FieldFault("k", "must be a whole number, at most 100")] if bad else []
    detail = "The request cannot be used. k: must be a whole number, at most 100." if bad else title
    return to_builtins(
        Problem("about:blank", title, status, code, f"{detail.rstrip('.')}.", faults)
    )
