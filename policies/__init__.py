"""The stickiness decision: pure, exactly optimal, explained."""

from policies.candidates import RUNGS, Candidates
from policies.decide import decide, held
from policies.knobs import Knobs
from policies.presets import PRESETS
from policies.reasons import REASONS
from policies.slate import Ask, Change, Decision, Facts, Seat, SlateState

__all__ = [
    "PRESETS",
    "REASONS",
    "RUNGS",
    "Ask",
    "Candidates",
    "Change",
    "Decision",
    "Facts",
    "Knobs",
    "Seat",
    "SlateState",
    "decide",
    "held",
]
