"""How visitors behave: every number of the model, where it comes from, and how far it may be off.

Nothing here is measured on the data at hand. What is taken from the literature bears its source;
what is assumed says so, and the report tells what would follow from other values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple


@dataclass(frozen=True)
class Behaviour:
    """The numbers of one visitor model; `PARAMETERS` says what each of them means."""

    attention: float = 1.0
    found_in_place: float = 0.88
    found_elsewhere: float = 0.53
    second_a_seat: float = 0.5
    price_of_a_second: float = 0.02
    irritation: float = 0.5
    wear: float = 0.9
    boredom: float = 0.1
    memory: float = 0.7
    pull: float = 2.0


class Parameter(NamedTuple):
    """One number of the model: what it means, between which values it may lie, and its source;
    without a source it is assumed."""

    name: str
    means: str
    low: float
    high: float
    source: str | None


PARAMETERS: Final = (
    Parameter(
        "attention",
        "how fast attention falls: seat p is looked at with chance 1 / p^attention",
        0.0,
        2.0,
        "the examination hypothesis: N. Craswell, O. Zoeter, M. Taylor, B. Ramsey, 'An "
        "experimental comparison of click position-bias models', WSDM 2008; the form: T. Joachims, "
        "A. Swaminathan, T. Schnabel, 'Unbiased learning-to-rank with biased feedback', WSDM 2017",
    ),
    Parameter(
        "found_in_place",
        "chance to find a thing again that is where it was",
        0.7,
        1.0,
        "88 % of clicks were repeat clicks where the rank was the same: J. Teevan, E. Adar, "
        "R. Jones, M. Potts, 'Information re-retrieval: repeat queries in Yahoo's logs', SIGIR "
        "2007",
    ),
    Parameter(
        "found_elsewhere",
        "chance to find a thing again that has moved to another seat",
        0.3,
        0.88,
        "53 % of clicks were repeat clicks where the rank had changed: Teevan et al. 2007; that "
        "people are slower and less content then: J. Teevan, 'How people recall, recognize, and "
        "reuse search results', ACM TOIS 26(4), 2008",
    ),
    Parameter("second_a_seat", "seconds that reading one seat takes", 0.2, 1.5, None),
    Parameter(
        "price_of_a_second", "what a second of search takes away, in things found", 0.0, 0.1, None
    ),
    Parameter(
        "irritation",
        "what a slate takes away of which all that is looked at has changed, in things found",
        0.0,
        2.0,
        None,
    ),
    Parameter("wear", "what is left of the appeal of a thing with each look at it", 0.5, 1.0, None),
    Parameter(
        "boredom",
        "what a slate takes away that has lost all appeal, in things found",
        0.0,
        1.0,
        None,
    ),
    Parameter(
        "memory",
        "what is left of satisfaction from one look to the next",
        0.3,
        0.95,
        "the default memory_discount of the long-term satisfaction environment of E. Ie, C. Hsu, "
        "M. Mladenov, V. Jain, S. Narvekar, J. Wang, R. Wu, C. Boutilier, 'RecSim: a configurable "
        "simulation platform for recommender systems', 2019",
    ),
    Parameter(
        "pull", "how much satisfaction decides about returning, on the logit scale", 0.5, 5.0, None
    ),
)

STANDARD: Final = Behaviour()
