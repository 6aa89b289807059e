"""A study: which policies are compared, on what, how often. Written in TOML, in the knobs' dialect.

name = "shop"
seeds = [1, 2]

[world]                      # or [replay], for a log of your own
users = 2000

[policies.fresh]
preset = "fresh"

[policies.limit]             # gives "limit 0.1" and "limit 0.2"
preset = "fresh"
grid.churn_limit = [0.1, 0.2]
"""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from policies import PRESETS, Knobs
from recsvc.config.faults import faults_of
from recsvc.config.knobs import read_knobs, with_nulls
from recsvc.errors import BadInput, Fault
from recsvc.rules import compiled
from recsvc.rules.facts import BY_NAME
from simulations.forms import OWN, Model, Replay, World, Written
from simulations.variants.decisions import decision_of
from simulations.variants.forms import Recommender

Kind = Literal["anchor", "grid", "preset"]
COMMON = ("k", "consumed_by", "session_ttl_s")
NOT_PLAYED = ("slate_key", "deadline_ms", "dismiss_days")
ANCHORS = ("fresh", "frozen", "popularity")
BESIDE_KNOBS = ("preset", "grid", "personal", "recommender", "decide", "with")
POLICIES_AT_MOST = 200


@dataclass(frozen=True)
class Policy:
    """One way to serve: knobs, for visitors who agreed to personal suggestions or did not.

    `recommender` names the ladder that is asked: "model" is the model of the study itself.
    `decide` names a decision of one's own, `given` its settings.
    """

    name: str
    kind: Kind
    knobs: Knobs
    personal: bool = True
    recommender: str = OWN
    decide: str | None = None
    given: tuple[tuple[str, Any], ...] = ()

    @property
    def timed(self) -> bool:
        """Whether it matters how many seconds pass between two answers."""
        knobs = self.knobs
        if knobs.half_life_s is not None or knobs.refresh_every_s is not None:
            return True
        rules = [rule for rule in (knobs.hold_when, knobs.refresh_when) if rule is not None]
        if any(BY_NAME[name].timed for rule in rules for name in compiled(rule).names):
            return True
        return knobs.churn_limit > 0 and (knobs.hold_s > 0 or knobs.session_budget is not None)

    def told(self) -> dict[str, Any]:
        """The knobs that differ from the defaults."""
        return told_of(self.knobs)


def told_of(knobs: Knobs) -> dict[str, Any]:
    """The knobs that differ from the defaults."""
    plain = asdict(Knobs())
    return {name: value for name, value in asdict(knobs).items() if value != plain[name]}


@dataclass(frozen=True)
class Study:
    """All that a run needs to know, beside the log."""

    name: str
    title: str
    about: str
    seeds: tuple[int, ...]
    source: Replay | World
    model: Model
    retrain: bool
    bootstrap: int
    baseline: str
    policies: tuple[Policy, ...]
    recommenders: Mapping[str, Recommender] = field(default_factory=dict)
    hindsight: int = 0
    visitors: int = 0

    @property
    def k(self) -> int:
        """The seats of the baseline, which accuracy is measured at."""
        return self.policies[self.number(self.baseline)].knobs.k

    def number(self, name: str) -> int:
        """The place of a policy."""
        return [policy.name for policy in self.policies].index(name)


def read_study(path: Path) -> Study:
    """The study in a file. Raises `BadInput` that names every fault at once."""
    try:
        written = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadInput(f"{path} cannot be read as TOML: {error}") from error
    return parse_study(written, str(path))


def parse_study(written: Mapping[str, Any], source: str = "the study") -> Study:
    """The study of parsed TOML. Raises `BadInput` that names every fault at once."""
    try:
        form = Written.model_validate(dict(written))
    except ValidationError as error:
        raise _bad(source, list(faults_of(error))) from error
    faults = form.faults() + _of_common(form.knobs)
    policies: list[Policy] = []
    for name, table in form.policies.items():
        found, wrong = _policies(name, table, form.knobs if not faults else {})
        policies += found
        faults += wrong
    faults += _of_policies(form, policies, complete=not faults)
    if faults:
        raise _bad(source, faults)
    return Study(
        form.name,
        form.title or form.name,
        form.about,
        tuple(form.seeds),
        form.source,
        form.model,
        form.retrain,
        form.bootstrap,
        form.baseline,
        tuple(policies),
        form.recommenders,
        form.hindsight.visits,
        form.visitors.visits,
    )


def _bad(source: str, faults: list[Fault]) -> BadInput:
    lines = "".join(f"\n  {fault.field}: {fault.message}" for fault in faults)
    return BadInput(f"{source} cannot be run:{lines}", faults)


def _of_common(knobs: Mapping[str, Any]) -> list[Fault]:
    """Faults of the knobs that all policies have."""
    others = [name for name in knobs if name not in COMMON]
    why = f"belongs to a policy; [knobs] holds what all have: {', '.join(COMMON)}"
    faults = [Fault(f"knobs.{name}", why) for name in others]
    try:
        read_knobs(with_nulls({k: v for k, v in knobs.items() if k in COMMON}), "knobs")
    except BadInput as error:
        faults += error.faults
    return faults


def _policies(
    name: str, table: Mapping[str, Any], common: Mapping[str, Any]
) -> tuple[list[Policy], list[Fault]]:
    """A table of the study as one policy, or as one for each point of its grid."""
    where = f"policies.{name}"
    own = {key: value for key, value in table.items() if key not in BESIDE_KNOBS}
    preset, grid = table.get("preset"), table.get("grid", {})
    personal = table.get("personal", True)
    faults = []
    if preset is not None and (not isinstance(preset, str) or preset not in PRESETS):
        faults.append(Fault(f"{where}.preset", f"is one of: {', '.join(PRESETS)}"))
    if not isinstance(personal, bool):
        faults.append(Fault(f"{where}.personal", "must be true or false"))
    faults += _of_behaviour(where, table)
    if not isinstance(grid, Mapping) or not all(isinstance(v, list) and v for v in grid.values()):
        faults.append(Fault(f"{where}.grid", "holds knobs with lists of values"))
    elif not set(BESIDE_KNOBS).isdisjoint(grid):
        faults.append(Fault(f"{where}.grid", "holds knobs; all else stands beside it"))
    if faults:
        return [], faults
    start = told_of(PRESETS[preset]) if preset else {}
    start = {key: list(v) if isinstance(v, tuple) else v for key, v in start.items()}
    found = []
    for values in itertools.product(*grid.values()):
        point = dict(zip(grid, values, strict=True))
        label = _label(name, point)
        told = with_nulls({**common, **start, **own, **point})
        try:
            found.append(
                Policy(
                    label,
                    _kind(name, table),
                    read_knobs(told, where),
                    personal,
                    table.get("recommender", OWN),
                    table.get("decide"),
                    tuple(table.get("with", {}).items()),
                )
            )
        except BadInput as error:
            faults += [fault for fault in error.faults if fault not in faults]
    return found, faults


def _of_behaviour(where: str, table: Mapping[str, Any]) -> list[Fault]:
    """Faults of who recommends and who decides."""
    faults = []
    decide, given = table.get("decide"), table.get("with", {})
    if not isinstance(table.get("recommender", OWN), str):
        faults.append(Fault(f"{where}.recommender", "is the name of a recommender"))
    if not isinstance(given, Mapping) or (given and decide is None):
        faults.append(Fault(f"{where}.with", "holds the settings of `decide`"))
    elif decide is not None and not isinstance(decide, str):
        faults.append(Fault(f"{where}.decide", "is module:name"))
    elif decide is not None:
        try:
            decision_of(decide, given)
        except BadInput as error:
            faults.append(Fault(f"{where}.decide", error.detail))
    return faults


def with_policy(study: Study, told: str) -> Study:
    """The study with one more policy, NAME=module:name: the baseline's knobs, another decision.

    Raises `BadInput` where that is no decision, or the name is taken.
    """
    name, _, where = told.partition("=")
    if not name or name in [policy.name for policy in study.policies]:
        raise BadInput(f"{told!r}: write NAME=module:name with a name that is not taken.")
    decision_of(where, {})
    base = study.policies[study.number(study.baseline)]
    more = replace(base, name=name, kind="grid", decide=where, given=())
    return replace(study, policies=(*study.policies, more))


def _kind(name: str, table: Mapping[str, Any]) -> Kind:
    """An end of the range, a preset as it stands, or a proposal of the study's own."""
    if name in ANCHORS:
        return "anchor"
    return "preset" if set(table) == {"preset"} else "grid"


def _label(name: str, point: Mapping[str, Any]) -> str:
    """The name of one point of a grid: "limit 0.1", or with the knobs where there are several."""
    if len(point) == 1:
        return f"{name} {next(iter(point.values()))}"
    return " ".join([name, *(f"{knob}={value}" for knob, value in point.items())])


def _of_policies(form: Written, policies: list[Policy], *, complete: bool) -> list[Fault]:
    faults = []
    names = [policy.name for policy in policies]
    if complete and form.baseline not in names:
        faults.append(Fault("baseline", f"is one of the policies: {', '.join(names)}"))
    twice = dict.fromkeys(name for name in names if names.count(name) > 1)
    faults += [Fault("policies", f"{name!r} is there twice") for name in twice]
    if len(names) > POLICIES_AT_MOST:
        faults.append(Fault("policies", f"are {len(names)}; at most {POLICIES_AT_MOST}"))
    if len({policy.knobs.k for policy in policies}) > 1:
        faults.append(Fault("policies", "must all have the same k, or nothing can be compared"))
    there = [OWN, *form.recommenders]
    faults += [
        Fault(f"policies.{policy.name}.recommender", f"is one of: {', '.join(there)}")
        for policy in policies
        if policy.recommender not in there
    ]
    for policy in policies:
        faults += [
            Fault(f"policies.{policy.name}.{name}", "has no effect in a simulation; leave it out")
            for name in NOT_PLAYED
            if getattr(policy.knobs, name) != getattr(Knobs(), name)
        ]
    return faults
