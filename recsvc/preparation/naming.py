"""The name of a slate: one for each session, surface, subject and values of the slate key."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b

import msgspec


def slate_name(
    session_id: str,
    surface: str,
    subject: str | None,
    context: Mapping[str, str],
    slate_key: tuple[str, ...],
) -> str:
    """The slate's id; what the context does not tell counts as one more value."""
    values = [context.get(name) for name in slate_key]
    parts = [session_id, surface, subject, values]
    return "sl_" + blake2b(msgspec.json.encode(parts), digest_size=12).hexdigest()
