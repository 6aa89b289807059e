"""Candidates that come with the request: the decision is the same, whoever ranked."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from policies import Candidates
from recsvc.preparation.ladder import Offer

RUNG = "primary"
"""What the host offers is what is meant for this visitor."""
REASON = "offered"


def offer_of(
    offered: Candidates, n: int, *, incumbents: Sequence[str], without: Collection[str]
) -> Offer:
    """The n best and the incumbents, as a recommender gives them: only these are in the ledger."""
    scores, ids = offered.scores.tolist(), offered.item_ids
    able = [place for place, item in enumerate(ids) if item not in without]
    able.sort(key=lambda place: (-scores[place], ids[place]))
    there = set(incumbents)
    chosen = [*able[:n], *(place for place in able[n:] if ids[place] in there)]
    candidates = Candidates(
        tuple(ids[place] for place in chosen),
        offered.scores[chosen],
        offered.rung,
        offered.model,
        offered.reason,
    )
    return Offer(candidates, offered.rung, offered.model)


def offered_by(model: str, rows: Sequence[tuple[str, float]]) -> Candidates:
    """Candidates of a host's own model. Raises `ValueError` as `Candidates` does."""
    made = Candidates.of(
        [item for item, _ in rows], [score for _, score in rows], rung=RUNG, model=model
    )
    return Candidates(made.item_ids, made.scores, RUNG, model, REASON)
