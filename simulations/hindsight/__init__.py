"""Hindsight: the best that could have been shown under a limit, and how much of it policies get."""

from simulations.hindsight.headroom import headroom_of
from simulations.hindsight.program import Window
from simulations.hindsight.schedule import Schedule, best_schedule, schedule_bound

__all__ = ["Schedule", "Window", "best_schedule", "headroom_of", "schedule_bound"]
