"""What observations say of a taste, unless an operator says otherwise (0: nothing)."""

from __future__ import annotations

EVENT_WEIGHTS = {"impression": 0.0, "click": 1.0, "view": 1.0, "cart": 1.0, "purchase": 1.0}
