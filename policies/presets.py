"""Named rows of knobs: the ends and the middle of what a surface can be.

A preset is where a product owner or a study begins, not a policy of its own: one algorithm reads
them all.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from policies.knobs import Knobs

PRESETS: Final[Mapping[str, Knobs]] = MappingProxyType(
    {
        # The recommender's top k, in its order, at every cause.
        "fresh": Knobs(
            churn_limit=1.0, hold_s=0.0, session_budget=None, max_shift=None, seat_weights="dcg"
        ),
        # The defaults: what is on the screen stays in its seat, two of ten seats change in a step.
        "sticky": Knobs(),
        # What is free on real visits (docs/simulation.md): the limit spares visitors of whom
        # little is known, the margin the near ties, and what stays moves only for a reason.
        "gentle": Knobs(
            churn_limit=0.3,
            hold_s=0.0,
            session_budget=None,
            max_shift=None,
            seat_weights="dcg",
            margin=0.75,
            seat_margin=0.001,
        ),
        # Nothing changes but by force.
        "frozen": Knobs(churn_limit=0.0),
    }
)
