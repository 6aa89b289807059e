"""Who sees what: policies that meet the same visitor, and what is known of one at a look."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from recsvc.config.events import EVENT_WEIGHTS
from recsvc.ports import Consent
from recsvc.preparation.eligibility import Gone
from recsvc.preparation.turn import Known, Preparation
from recsvc.preparation.visitor import Visitor
from simulations.eras import Era
from simulations.forms import OWN
from simulations.scenario import Visit
from simulations.study import Policy
from simulations.walks import Stop, Walk

_AGREED, _ASKED = Consent(personalisation=True), Consent()


class Audience(NamedTuple):
    """Policies that see the same visitor: who agreed or not, and what leaves when it was had."""

    personal: bool
    consumed_by: tuple[str, ...]


def audience_of(policy: Policy) -> Audience:
    """The audience of a policy."""
    return Audience(policy.personal, policy.knobs.consumed_by)


def in_step(policy: Policy) -> bool:
    """Whether a policy can be played together with others."""
    knobs = policy.knobs
    ruled = knobs.hold_when is not None or knobs.refresh_when is not None
    own = policy.recommender != OWN or policy.decide is not None
    return not own and not ruled and not knobs.carry_over


@dataclass(frozen=True, eq=False)
class Here:
    """One visitor of a round: what each audience knows, what its slates show, and what of that may
    not stay."""

    walk: Walk
    stop: Stop
    room: Preparation
    known: Sequence[Known]
    gone: Sequence[Gone]
    shown: Sequence[set[str]]
    away: Sequence[Mapping[str, str]]


def room_of(era: Era, withdrawn: Callable[[float], frozenset[str]], walk: Walk) -> Preparation:
    """Where a visit is served while a model is live."""
    return Preparation(
        events=walk.diary,
        dismissals=lambda _user, _now: (),
        withdrawn=withdrawn,
        ladder=era.ladder,
        weights=EVENT_WEIGHTS,
        trained_until=era.trained_until,
    )


def known_of(room: Preparation, visit: Visit, now: float, *, personal: bool) -> Known:
    """The visitor as somebody who agreed, or who did not."""
    of_user = _AGREED if personal else None
    return room.known(Visitor(visit.visit_id, visit.user_id, of_user, _ASKED), now)


def gone_of(known: Known, audience: Audience) -> Gone:
    """What may not be shown, as in a turn."""
    return Gone(
        withdrawn=known.withdrawn,
        consumed=known.consumed(audience.consumed_by),
        dismissed=known.dismissed,
    )
