"""The production point: the knobs in force on a surface, played beside the policies of a study."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from policies import Knobs
from recsvc.errors import BadInput, Fault
from simulations.study import NOT_PLAYED, Policy, Study

IN_FORCE = "in force"


def with_production(study: Study, surface: str, knobs: Knobs) -> Study:
    """The study with the `knobs` in force on `surface` as one more policy, "in force".

    Knobs without effect in a simulation are left at their defaults. Raises `BadInput` where the
    surface has another number of seats than the study, or the name is taken.
    """
    faults = []
    if knobs.k != study.k:
        why = f"has {knobs.k} seats, but the study {study.k}; write k = {knobs.k} in its [knobs]"
        faults.append(Fault(f"surfaces.{surface}.k", why))
    if IN_FORCE in [policy.name for policy in study.policies]:
        why = "is what the knobs of the surface are called; give the study's own another name"
        faults.append(Fault(f"policies.{IN_FORCE}", why))
    if faults:
        lines = "".join(f"\n  {fault.field}: {fault.message}" for fault in faults)
        raise BadInput(f"The knobs in force cannot be compared:{lines}", faults)
    plain: dict[str, Any] = {f.name: f.default for f in fields(Knobs) if f.name in NOT_PLAYED}
    played = Policy(IN_FORCE, "grid", replace(knobs, **plain))
    return replace(study, policies=(*study.policies, played))
