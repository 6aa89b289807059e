"""The decision for many slates at once, in columns: the same answers at a fraction of the time."""

from policies.batch.columns import Moments, Names, Offers, Slates
from policies.batch.decide import Decisions, decide_batch

__all__ = ["Decisions", "Moments", "Names", "Offers", "Slates", "decide_batch"]
