"""What is asked of the service, and what it answers, before any door gives it a form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from policies import Candidates, Decision, SlateState
from recsvc.ports import Item
from recsvc.serving.pages import Tails


@dataclass(frozen=True)
class SlateRequest:
    """One slate asked for; `session_id` None begins a session of its own.

    `explain` asks for the titles of what an explanation names; `since` is an epoch to which the
    changes told are to be relative; `offered` are candidates of the host's own.
    `tokens` are those that the page was given last.
    """

    surface: str
    session_id: str | None = None
    user_id: str | None = None
    k: int | None = None
    subject: str | None = None
    context: Mapping[str, str] = field(default_factory=dict)
    exclude: tuple[str, ...] = ()
    explain: bool = False
    since: int | None = None
    offered: Candidates | None = None
    tokens: tuple[str, ...] = ()


@dataclass(frozen=True)
class Answer:
    """The slate as decided, and what the door needs to show it.

    `told` is its state with the changes to tell; `before` is the epoch that was there when it was
    asked for, None where the slate begins; `tails` is what lies behind it.
    """

    request: SlateRequest
    session_id: str
    slate_id: str
    decision: Decision
    told: SlateState
    degraded_reason: str | None
    described: Mapping[str, Item]
    before: int | None
    token: str | None
    tails: Tails

    def title(self, item_id: str) -> str:
        """What an item is called; its id where nobody said."""
        return self.described[item_id].title or item_id
