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
        any(tail.epoch == state.epoch for tail in answer.tails),
        [(item.title, item.url, item.image) for item in answer.described.values()],
    )
    return _weak(_ENCODER.encode(shapes))


def etag_of(body: bytes) -> str:
    """The tag of a body that is all there is to it."""
    return _weak(body)


def _weak(shapes: bytes) -> str:
    return f'W/"{blake2b(shapes, digest_size=SIZE).hexdigest()}"'


def has_it(answer: Answer, tag: str) -> bool:
    """Whether the client says that it has this body.

    An act of the visitor is answered in full, also when it changed nothing: that nothing better
    was found is news. `*` stands for whatever was there before this request.
    """
    sent = request.environ.get("HTTP_IF_NONE_MATCH")
    if sent is None or answer.decision.trigger == "asked":
        return False
    if sent == tag:
        return True
    if request.if_none_match.star_tag:
        return answer.before == answer.decision.state.epoch
    return names(tag)


def names(tag: str) -> bool:
    """Whether `If-None-Match` names this tag; the comparison is weak."""
    tags = request.if_none_match
    return tags.star_tag or tags.contains_weak(tag.removeprefix("W/").strip('"'))
