"""Weak ETags of slates: a client that has the body already is told so, and nothing is rendered.

What shapes the body is in the tag; what moves on while the slate stays is not: `trigger`, `cause`,
`budget_left`, `hold_until`, `took_ms` and the token.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

import msgspec
from flask import request

from recsvc.serving.answers import Answer

SIZE: Final = 12
"""Bytes of a digest; two bodies of one slate share one once in 2^96 times."""

_ENCODER: Final = msgspec.msgpack.Encoder()


def etag(answer: Answer) -> str:
    """The tag of this answer's body."""
    decision, state, told = answer.decision, answer.decision.state, answer.told
    shapes = (
        answer.slate_id,
        state.epoch,
        state.seats,
        told.changes_from,
        told.changes,
        (state.allowed, state.displaced, state.refilled, state.churn, state.policy_version),
        (decision.rule, decision.rung, decision.model),
        (decision.degraded, answer.degraded_reason, answer.request.explain),
        [(item.title, item.url, item.image) for item in answer.described.values()],
    )
    digest = blake2b(_ENCODER.encode(shapes), digest_size=SIZE)
    return f'W/"{digest.hexdigest()}"'


def has_it(answer: Answer, tag: str) -> bool:
    """Whether the client says that it has this body.

    An act of the visitor is answered in full, also when it changed nothing: that nothing better
    was found is news. `*` stands for whatever was there before this request.
    """
    if "If-None-Match" not in request.headers:
        return False
    if answer.decision.trigger == "asked":
        return False
    tags = request.if_none_match
    if tags.star_tag:
        return answer.before == answer.decision.state.epoch
    return tags.contains_weak(tag.removeprefix("W/").strip('"'))
