"""A study: which policies are compared, on what, how often. Written in TOML, in the knobs' dialect.

name = "shop"
seeds = [1, 2]

[world]                      # or [replay], for a log of your own
users = 2000

[policies.fresh]
preset = "fresh"

[policies.limit]             # "limit churn_limit=0.1", "limit churn_limit=0.2"
preset = "fresh"
grid.churn_limit = [0.1, 0.2]
"""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal

import msgspec

from policies import PRESETS, Knobs
from recsvc.config.knobs import read_knobs, with_nulls
from recsvc.errors import BadInput, Fault

Kind = Literal["anchor", "grid", "preset"]
ANCHORS = ("fresh", "frozen", "popularity")
POLICIES_AT_MOST = 200


@dataclass(frozen=True)
class Policy:
    """One way to serve: knobs, for visitors who agreed to personal suggestions or did not."""

    name: str
    kind: Kind
    knobs: Knobs
    personal: bool = True

    @property
    def timed(self) -> bool:
        """Whether it matters how many seconds pass between two answers."""
        knobs = self.knobs
        return knobs.hold_s > 0 or knobs.half_life_s is not None or bool(knobs.refresh_every_s)

    def told(self) -> dict[str, Any]:
        """The knobs that differ from the defaults."""
        return told_of(self.knobs)


def told_of(knobs: Knobs) -> dict[str, Any]:
    """The knobs that differ from the defaults."""
    plain = asdict(Knobs())
    return {name: value for name, value in asdict(knobs).items() if value != plain[name]}


class Replay(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"start": "from"}):
    """A log is played. `start` is the quantile of time after which events are played.

    `visitors` is how many are drawn at most (0: all), `reloads` the mean number of reloads between
    two events, `remembers` what the profile holds of earlier played visits, `event` the type of
    events where the log tells none.
    """

    start: float = 0.8
    visitors: int = 0
    reloads: float = 0.5
    remembers: Literal["visitor", "training"] = "visitor"
    event: str = "purchase"


class World(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A travel shop is made up, anew for each seed; the last `test_days` of `days` are played."""

    users: int = 2000
    items: int = 1200
    days: int = 60
    test_days: int = 14


class Model(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The recommender that is trained; `parameters` as of `recsvc train`."""

    kind: str = "als"
    parameters: dict[str, float] = {}


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

    @property
    def k(self) -> int:
        """The seats of the baseline, which accuracy is measured at."""
        return self.policies[self.number(self.baseline)].knobs.k

    def number(self, name: str) -> int:
        """The place of a policy."""
        return [policy.name for policy in self.policies].index(name)


class _Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    policies: dict[str, dict[str, Any]]
    title: str = ""
    about: str = ""
    seeds: tuple[int, ...] = (1,)
    replay: Replay | None = None
    world: World | None = None
    model: Model = Model()
    knobs: dict[str, Any] = {}
    retrain: bool = True
    bootstrap: int = 1000
    baseline: str = "fresh"


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
        form = msgspec.convert(dict(written), _Written)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at `$.")
        field = where.rstrip("`") or "study"
        raise _bad(source, [Fault(field, what)]) from error
    faults = _of_form(form)
    policies: list[Policy] = []
    for name, table in form.policies.items():
        found, wrong = _policies(name, table, form.knobs)
        policies += found
        faults += wrong
    faults += _of_policies(form, policies, complete=not faults)
    if faults:
        raise _bad(source, faults)
    place = form.replay or form.world
    assert place is not None  # told as a fault above
    return Study(
        form.name,
        form.title or form.name,
        form.about,
        form.seeds,
        place,
        form.model,
        form.retrain,
        form.bootstrap,
        form.baseline,
        tuple(policies),
    )


def _bad(source: str, faults: list[Fault]) -> BadInput:
    lines = "".join(f"\n  {fault.field}: {fault.message}" for fault in faults)
    return BadInput(f"{source} cannot be run:{lines}", faults)


def _of_form(form: _Written) -> list[Fault]:
    faults = []
    if (form.replay is None) == (form.world is None):
        faults.append(Fault("replay, world", "write one of the tables [replay] and [world]"))
    if not form.seeds or len(set(form.seeds)) != len(form.seeds) or min(form.seeds) < 0:
        faults.append(Fault("seeds", "must be different whole numbers of 0 or more"))
    if form.bootstrap < 100:
        faults.append(Fault("bootstrap", "must be at least 100 samples for a 95 % interval"))
    if form.replay is not None:
        if not 0 < form.replay.start < 1:
            faults.append(Fault("replay.from", "is a share of the time, between 0 and 1"))
        if form.replay.visitors < 0 or form.replay.visitors == 1:
            faults.append(Fault("replay.visitors", "must be 0 for all, or at least 2"))
        if not 0 <= form.replay.reloads <= 20:
            faults.append(Fault("replay.reloads", "must lie between 0 and 20"))
    if form.world is not None:
        for field in fields_of(World):
            if getattr(form.world, field) < 1:
                faults.append(Fault(f"world.{field}", "must be at least 1"))
        if form.world.users == 1:
            faults.append(Fault("world.users", "one visitor allows no interval; name at least 2"))
        if form.world.test_days >= form.world.days:
            faults.append(Fault("world.test_days", "must be fewer than world.days"))
    return faults


def fields_of(table: type[msgspec.Struct]) -> tuple[str, ...]:
    """The names in a table of the study."""
    return table.__struct_fields__


def _policies(
    name: str, table: Mapping[str, Any], common: Mapping[str, Any]
) -> tuple[list[Policy], list[Fault]]:
    """A table of the study as one policy, or as one for each point of its grid."""
    where = f"policies.{name}"
    own = {key: value for key, value in table.items() if key not in ("preset", "grid", "personal")}
    preset, grid = table.get("preset"), table.get("grid", {})
    personal = table.get("personal", True)
    faults = []
    if preset is not None and preset not in PRESETS:
        faults.append(Fault(f"{where}.preset", f"is one of: {', '.join(PRESETS)}"))
    if not isinstance(personal, bool):
        faults.append(Fault(f"{where}.personal", "must be true or false"))
    if not isinstance(grid, Mapping) or not all(isinstance(v, list) and v for v in grid.values()):
        faults.append(Fault(f"{where}.grid", "holds knobs with lists of values"))
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
            knobs = read_knobs(told, where)
        except BadInput as error:
            return [], [*faults, *error.faults]
        kind: Kind = "grid" if grid else "anchor" if name in ANCHORS else "preset"
        found.append(Policy(label, kind, knobs, personal))
    return found, faults


def _label(name: str, point: Mapping[str, Any]) -> str:
    """The name of one point of a grid: "limit 0.1", or with the knobs where there are several."""
    if len(point) == 1:
        return f"{name} {next(iter(point.values()))}"
    return " ".join([name, *(f"{knob}={value}" for knob, value in point.items())])


def _of_policies(form: _Written, policies: list[Policy], *, complete: bool) -> list[Fault]:
    faults = []
    names = [policy.name for policy in policies]
    if complete and form.baseline not in names:
        faults.append(Fault("baseline", f"is one of the policies: {', '.join(names)}"))
    if len(names) > POLICIES_AT_MOST:
        faults.append(Fault("policies", f"are {len(names)}; at most {POLICIES_AT_MOST}"))
    if len({policy.knobs.k for policy in policies}) > 1:
        faults.append(Fault("policies", "must all have the same k, or nothing can be compared"))
    for policy in policies:
        kept = [f.name for f in fields(Knobs) if f.name in ("hold_when", "refresh_when")]
        if any(getattr(policy.knobs, name) is not None for name in kept):
            faults.append(Fault(f"policies.{policy.name}", "rules cannot be simulated yet"))
    return faults
