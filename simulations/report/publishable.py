"""The knobs of what a study recommends, as they can be published as they stand."""

from __future__ import annotations

import msgspec

from recsvc.config.knobs import read_knobs
from simulations.report.results import Results


def publishable(results: Results) -> bytes | None:
    """JSON of the knobs by name, null as null, checked as the service checks them.

    None where nothing is recommended; `BadInput` where the service would refuse them.
    """
    if results.recommended is None:
        return None
    knobs = results.recommended.knobs
    read_knobs(knobs)
    return msgspec.json.format(msgspec.json.encode(knobs), indent=1) + b"\n"
