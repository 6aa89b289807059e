"""Candidates for a round: every visitor is scored once for all policies of an audience.

A ladder is asked with what all slates of the audience show; each slate is given the best items and
its own incumbents, as if it had been asked for alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from policies.batch.columns import NOBODY, Column
from policies.batch.many import Pool, Requests
from policies.batch.slots import RUNGS, Slots
from recsvc.preparation.ladder import Offer, shortlist
from simulations.audiences import Here


class OutOfStepError(Exception):
    """A recommender answered in a way that is only played one by one."""


class Pooling:
    """Asks for the slates of policies, told by their `audience` (P,); `number` is that of items.

    Models are numbered as they are met.
    """

    def __init__(
        self, audience: Column, number: dict[str, int], slots: Slots, deadlines: Sequence[float]
    ) -> None:
        self._audience = audience
        self._number = number
        self._slots = slots
        self._deadlines = deadlines
        count, self._k = slots.items.shape[1:]
        self._wide = shortlist(self._k)
        # The last place is nobody's.
        self._where = np.full((count, len(number) + 1), -1, np.int16)
        self.models: dict[str, int] = {}

    def model(self, name: str) -> int:
        """The number of a model."""
        return self.models.setdefault(name, len(self.models))

    def pool(self, asks: Requests, held: Column, known: Sequence[Here]) -> Pool:
        """Candidates for all that are not held: the best of the visitor, and own incumbents."""
        policy, visitor = (~held).nonzero()
        k, wide = self._k, self._wide
        slates = self._slots.items[policy, asks.slots[visitor]]
        items = np.full((len(policy), wide + k), NOBODY)
        scores = np.zeros(items.shape)
        about = np.zeros((3, len(policy)), np.int64)
        for audience, deadline in enumerate(self._deadlines):
            some = np.flatnonzero(self._audience[policy] == audience)
            if not len(some):
                continue
            there, which = np.unique(visitor[some], return_inverse=True)
            offers = [self._ask(known[n], audience, deadline) for n in there.tolist()]
            self._fill(offers, asks.slots[there], which, slates, some, items, scores)
            said = np.array([self._said(offer) for offer in offers])
            about[:, some] = said[which].T
        return Pool(items, scores, about[0], about[1], about[2])

    def _said(self, offer: Offer) -> tuple[int, int, int]:
        assert offer.candidates is not None
        return (
            offer.candidates.known_events,
            RUNGS.index(offer.normal),
            self.model(offer.model),
        )

    def _fill(
        self,
        offers: Sequence[Offer],
        slots: Column,
        which: Column,
        slates: Column,
        some: Column,
        items: Column,
        scores: Column,
    ) -> None:
        """The candidates of these slates; `which` tells whose offer each one has."""
        wide, number = self._wide, self._number
        found = [offer.candidates for offer in offers]
        widest = max(len(one.item_ids) for one in found if one is not None)
        whole = np.full((len(offers), max(widest, wide)), NOBODY)
        worth = np.zeros(whole.shape)
        for n, one in enumerate(found):
            assert one is not None
            whole[n, : len(one.item_ids)] = [number[item] for item in one.item_ids]
            worth[n, : len(one.item_ids)] = one.scores
        line = slots[:, None]
        self._where[line, whole] = np.arange(whole.shape[1], dtype=np.int16)
        self._where[:, NOBODY] = -1
        mine = slates[some]
        place = self._where[slots[which][:, None], mine]
        self._where[line, whole] = -1
        items[some, :wide], scores[some, :wide] = whole[which, :wide], worth[which, :wide]
        row, seat = (place >= wide).nonzero()
        if len(row):
            # In the order of the seats, without gaps, as the recommender gives them.
            begins = np.searchsorted(row, row)
            column = wide + np.arange(len(row)) - begins
            items[some[row], column] = mine[row, seat]
            scores[some[row], column] = worth[which[row], place[row, seat]]

    def _ask(self, here: Here, audience: int, deadline_s: float) -> Offer:
        offer = here.room.ladder.ask(
            here.known[audience].profile,
            self._wide,
            incumbents=tuple(here.shown[audience]),
            without=here.gone[audience],
            deadline_s=deadline_s,
        )
        found = offer.candidates
        if found is None or offer.trouble or found.rung != offer.normal:
            raise OutOfStepError("no rung, or a lower one, answered")
        if found.model != offer.model or offer.normal not in RUNGS:
            raise OutOfStepError("another model answered")
        return offer
