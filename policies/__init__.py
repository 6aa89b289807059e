"""The stickiness decision: pure, exactly optimal, explained."""

from policies.candidates import RUNGS, Candidates
from policies.decide import decide, held
from policies.knobs import Knobs
from policies.presets import PRESETS
from policies.reasons import REASONS
from policies.slate import Ask, Carried, Change, Decision, Facts, Pick, Seat, SlateState

__all__ = [
    "PRESETS",
    "REASONS",
    "RUNGS",
    "Ask",
    "Candidates",
    "Carried",
    "Change",
    "Decision",
    "Facts",
    "Knobs",
    "Pick",
    "Seat",
    "SlateState",
    "decide",
    "held",
]
