"""Candidates of a host's own recommender: checked one by one, each fault at its place."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from policies import Candidates
from recsvc.errors import Fault, Forbidden
from recsvc.preparation.offering import offered_by
from recsvc.web.asking import asking
from recsvc.web.parsing import sift
from recsvc.web.requests import Candidate

SEATED_BYTES: Final = 8_000
"""Of the ids of one slate: as much as the state of a session has room for."""
OWN: Final = "own"


def faults_of_candidates(usable: Mapping[str, Any], k: int) -> list[Fault]:
    """What is wrong with the candidates of a body whose other fields were looked at."""
    given = usable.get("candidates")
    if given is None:
        return [Fault("model", "goes with candidates only")] if usable.get("model") else []
    faults: list[Fault] = []
    firsts: dict[str, int] = {}
    for number, one in enumerate(given):
        place = f"candidates[{number}]"
        if not isinstance(one, dict):
            faults.append(Fault(place, "must be an object with item_id and score"))
            continue
        fields, wrong = sift(Candidate, one, strict=True)
        faults += [Fault(f"{place}.{fault.field}", fault.message) for fault in wrong]
        item, score = fields.get("item_id"), fields.get("score")
        if score is not None and not math.isfinite(score):
            faults.append(Fault(f"{place}.score", "must be a finite number"))
        if item is not None and firsts.setdefault(item, number) != number:
            faults.append(Fault(f"{place}.item_id", f"is that of candidates[{firsts[item]}] too"))
    longest = sorted((len(item.encode()) for item in firsts), reverse=True)[:k]
    if sum(longest) > SEATED_BYTES:
        words = f"have ids too long for {k} seats: at most {SEATED_BYTES:,} bytes together"
        faults.append(Fault("candidates", words))
    return faults


def offered(given: Sequence[Mapping[str, Any]], model: str | None) -> Candidates:
    """Candidates that were found good. Raises `Forbidden` for whom nobody trusts with a ranking."""
    if not asking().caller.trusted:
        words = "counts only with a secret key, which your servers have"
        raise Forbidden("A page cannot bring its own ranking.", [Fault("candidates", words)])
    return offered_by(model or OWN, [(one["item_id"], float(one["score"])) for one in given])
