"""Three surfaces that are lively enough for a test to see steps, holds and spent budgets."""

from __future__ import annotations

SURFACES = """
[surfaces.home]
hold_s = 0
session_budget = 12

[surfaces.calm]
k = 8
churn_limit = 0.13
hold_s = 1
session_budget = 3
budget_window_s = 5

[surfaces.row]
k = 5
hold_s = 0
churn_limit = 0.4
session_budget = 50
slate_key = ["destination"]
"""
