"""What the visitors make of what they see: expected values, worked out and not drawn.

At a look (Craswell et al. 2008: a seat is chosen if it is looked at and what it holds is wanted)
a thing that is sought, and was on the slate before in this visit, was noticed there or not:

    e(p) = 1 / p^attention                        chance that seat p = 1..k is looked at
    noticed = 1 - (1 - e(old seat))^times         by one of the looks at it
    found = e(p), 0                               not noticed: there, not there
            found_in_place, found_elsewhere, 0    noticed: in its seat, moved, gone
    read = p, k                                   seats read, not noticed: there, in vain
           ready + (1 - ready) p                  noticed: in its seat
           ready + p, ready + k                   moved, gone: the old seat was looked at first
    ready = 1 - 1 / (times + 1)                   chance to go straight to the known place

`ready` is the expertise of A. Cockburn, C. Gutwin, S. Greenberg, "A predictive model of menu
performance", CHI 2007, where a stable place is learned with each use and search is linear in the
seats before that; L. Findlater, J. McGrenere, "A comparison of static, adaptive, and adaptable
menus", CHI 2004, found that static menus beat adaptive ones. That looks without an act wear a
thing's appeal out: P. Lee, L. Lakshmanan, M. Tiwari, S. Shah, "Modeling impression discounting in
large-scale recommender systems", KDD 2014; K. Kapoor, K. Subbian, J. Srivastava, P. Schrater, "Just
in time recommendations: modeling the dynamics of boredom in activity streams", WSDM 2015.

    changed = sum e(p) [seat p changed] / sum e(p)
    dull    = sum e(p) (1 - wear^seen(p)) / sum e(p)
    gain    = found - price_of_a_second * second_a_seat * seats - irritation * changed
              - boredom * dull

From look to look satisfaction lasts as in RecSim (Ie et al. 2019), and the last one decides:

    S <- memory * S + gain;  satisfaction = 1 / (1 + exp(-S))
    return = 1 / (1 + exp(-pull * (2 satisfaction - 1)))
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from simulations.visitors.behaviour import Behaviour
from simulations.visitors.looks import ABSENT, Looks

Floats = NDArray[np.float64]

MEASURES: Final = ("returns", "satisfaction", "found", "found_again", "seconds_again", "changed")


@dataclass(frozen=True)
class Outcome:
    """Sums for each visitor, policy and measure, shape (visitors, policies, measures): a figure is
    the sum of `values` over the sum of `over`, both in the order of `MEASURES`."""

    values: Floats
    over: Floats


def outcome(looks: Looks, behaviour: Behaviour) -> Outcome:
    """What the visitors make of all looks."""
    k = looks.seen.shape[2]
    seats = np.arange(1, k + 1, dtype=np.float64)
    eye = seats**-behaviour.attention
    filled = looks.seen != ABSENT
    weight = np.maximum((filled * eye).sum(axis=2), 1e-12)
    changed = (looks.changed * eye).sum(axis=2) / np.maximum(weight, eye.sum())
    worn = 1 - behaviour.wear ** np.maximum(looks.seen, 0)
    dull = (worn * filled * eye).sum(axis=2) / weight
    found, read, again = _search(looks, behaviour, eye)
    sought = looks.sought[:, None]
    gain = (
        np.where(sought, found - behaviour.price_of_a_second * read * behaviour.second_a_seat, 0.0)
        - behaviour.irritation * changed
        - behaviour.boredom * dull
    )
    satisfaction = expit(_lasting(looks, gain, behaviour.memory))
    returns = expit(behaviour.pull * (2 * satisfaction - 1))
    visitors = int(looks.user.max()) + 1
    of_look = looks.user[looks.visit]

    def per_visit(values: Floats) -> Floats:
        return _summed(looks.user, values, visitors)

    def per_look(values: Floats) -> Floats:
        return _summed(of_look, values, visitors)

    one, every = np.ones_like(satisfaction), np.ones_like(found)
    values = [
        per_visit(returns),
        per_visit(satisfaction),
        per_look(np.where(sought, found, 0.0)),
        per_look(again.found),
        per_look(again.read * behaviour.second_a_seat),
        per_look(changed),
    ]
    over = [
        per_visit(one),
        per_visit(one),
        per_look(every * sought),
        per_look(again.noticed),
        per_look(again.noticed),
        per_look(every),
    ]
    return Outcome(np.stack(values, axis=2), np.stack(over, axis=2))


class _Again(NamedTuple):
    """What is sought again and was noticed before, shapes (looks, policies): the chance of that,
    and with it the chance to find it and the seats read."""

    noticed: Floats
    found: Floats
    read: Floats


def _search(looks: Looks, behaviour: Behaviour, eye: Floats) -> tuple[Floats, Floats, _Again]:
    """The chance to find what is sought and the seats read for it, shapes (looks, policies)."""
    there, known = looks.seat != ABSENT, looks.was != ABSENT
    place = np.where(there, looks.seat + 1.0, float(len(eye)))
    by_chance = np.where(there, eye[np.where(there, looks.seat, 0)], 0.0)
    missed = 1 - np.where(known, eye[np.where(known, looks.was, 0)], 0.0)
    noticed = np.where(looks.sought[:, None], 1 - missed**looks.times, 0.0)
    stayed = looks.seat == looks.was
    by_memory = np.where(stayed, behaviour.found_in_place, behaviour.found_elsewhere)
    by_memory = np.where(there, by_memory, 0.0)
    ready = 1 - 1 / (looks.times + 1.0)
    straight = np.where(stayed, ready + (1 - ready) * place, ready + place)
    found = noticed * by_memory + (1 - noticed) * by_chance
    read = noticed * straight + (1 - noticed) * place
    return found, read, _Again(noticed, noticed * by_memory, noticed * straight)


def _lasting(looks: Looks, gain: Floats, memory: float) -> Floats:
    """What is left at the end of each visit, shape (visits, policies)."""
    held = np.zeros((len(looks.user), gain.shape[1]))
    order = np.argsort(looks.step, kind="stable")
    cuts = np.flatnonzero(np.diff(looks.step[order])) + 1
    for rows in np.split(order, cuts):
        where = looks.visit[rows]
        held[where] = memory * held[where] + gain[rows]
    return held


def _summed(group: NDArray[np.int64], values: Floats, groups: int) -> Floats:
    total = np.zeros((groups, values.shape[1]))
    np.add.at(total, group, values)
    return total
