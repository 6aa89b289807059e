"""The decision for many slates at once, in columns: the same answers at a fraction of the time."""

from policies.batch.columns import Names, Slates
from policies.batch.decide import Decisions, decide_batch
from policies.batch.requests import Moments, Offers

__all__ = ["Decisions", "Moments", "Names", "Offers", "Slates", "decide_batch"]
