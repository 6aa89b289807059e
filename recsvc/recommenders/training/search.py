"""Finds parameters on a period before the one that a model is judged by, and goes on after a kill.

The first trial has the defaults; the others fill the ranges evenly, by a scrambled Halton sequence
(A. Owen, "A randomized Halton algorithm in R", 2017): as good as random search, and with few trials
better spread (J. Bergstra, Y. Bengio, "Random search for hyper-parameter optimization", JMLR 2012).
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
from implicit.recommender_base import ModelFitError
from scipy.stats import qmc

from recsvc.data import Tables, data_hash
from recsvc.errors import BadData, BadInput
from recsvc.recommenders.evaluation.evaluate import per_user
from recsvc.recommenders.evaluation.splits import Trial, trial
from recsvc.recommenders.kinds.named import kind_of
from recsvc.recommenders.models import Model, Parameters, parameters_for
from recsvc.recommenders.training.tried import Notebook, Tried

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Range:
    """Where a parameter is looked for: evenly in its logarithm, unless `low` is 0."""

    low: float
    high: float
    whole: bool

    def at(self, share: float) -> float:
        """The value at that share (0 to 1) of the range, to four digits."""
        low, high = (math.log(end) if self.low else end for end in (self.low, self.high))
        value = low + share * (high - low)
        value = math.exp(value) if self.low else value
        return round(value) if self.whole else float(f"{value:.4g}")


@dataclass(frozen=True)
class Found:
    """What a search came to; `trials` in their order, the first one with the defaults."""

    trials: tuple[Tried, ...]

    @property
    def best(self) -> Tried:
        """The trial of the highest nDCG; the first of equal ones."""
        return max(self.trials, key=lambda tried: (tried.worth, -tried.number))

    @property
    def figures(self) -> dict[str, float]:
        """For the manifest: what was tried, and reached in the validation period."""
        return {
            "search trials": len(self.trials),
            "search ndcg@10": self.best.worth,
            "search default ndcg@10": self.trials[0].worth,
        }


def search(
    tables: Tables,
    *,
    model: str,
    home: Path,
    trials: int,
    seed: int,
    progress: Progress,
    fixed: Mapping[str, Any] | None = None,
    threads: int = 0,
) -> Found:
    """Try `trials` settings of a model on the split "validation", those `fixed` left as they are.

    Trials are noted in `home/searches` as they are done and never made twice: the same tables,
    model, seed and fixed parameters go on where they were, also with more trials.
    Raises UnknownModel, BadInput for parameters or where there is nothing to search, BadData on too
    little data or where no trial came to an end, Conflict while the same search is running.
    """
    kind, given = kind_of(model), fixed or {}
    parameters_for(kind, given)
    if trials < 1:
        raise BadInput(f"A search needs at least one trial, not {trials}.")
    ranges = {name: r for name, r in ranges_of(kind).items() if name not in given}
    if not ranges:
        raise BadInput(f"There is nothing to search for {model}: leave --search out.")
    task = trial(tables.interactions, "validation")
    with Notebook(home / "searches" / f"{model}-{_key(tables, model, seed, given)}.jsonl") as book:
        progress(
            f"searching {', '.join(ranges)} of {model}: {trials} trials, validation period with "
            f"{len(task.users):,} users; noted in {book.path}, the same command goes on from there"
        )
        done: list[Tried] = []
        for number, settings in enumerate(_settings(kind, ranges, given, trials, seed), 1):
            known = book.known(number, settings)
            made = known or _try(task, kind, number, settings, seed=seed, threads=threads)
            if known is None:
                book.note(made)
            done.append(made)
            progress(_line(done, trials, ranges, resumed=known is not None))
    found = Found(tuple(done))
    if found.best.ndcg is None:
        raise BadData(f"No trial of {model} came to an end; the last one: {done[-1].failure}")
    return found


def ranges_of(kind: type[Model]) -> dict[str, Range]:
    """What a kind declares with `models.searched`."""
    found = {}
    info = msgspec.inspect.type_info(kind.Parameters)
    assert isinstance(info, msgspec.inspect.StructType)
    for field in info.fields:
        for part in getattr(field.type, "types", (field.type,)):
            if isinstance(part, msgspec.inspect.Metadata) and "searched" in (part.extra or {}):
                low, high = (part.extra or {})["searched"]
                whole = isinstance(part.type, msgspec.inspect.IntType)
                found[field.name] = Range(low, high, whole)
    return found


def _settings(
    kind: type[Model], ranges: Mapping[str, Range], fixed: Mapping[str, Any], trials: int, seed: int
) -> Iterator[Parameters]:
    """Fewer trials are the first ones of more."""
    yield parameters_for(kind, fixed)
    points = qmc.Halton(len(ranges), scramble=True, rng=seed)
    for point in points.random(trials - 1).tolist():
        drawn = {name: r.at(share) for (name, r), share in zip(ranges.items(), point, strict=True)}
        yield parameters_for(kind, {**drawn, **fixed})


def _try(
    task: Trial, kind: type[Model], number: int, parameters: Parameters, *, seed: int, threads: int
) -> Tried:
    began = time.perf_counter()
    ndcg, failure = None, ""
    try:
        model = kind.fit(task.train, parameters, seed=seed, threads=threads)
        ndcg = float(per_user(model, task)[:, 0].mean())
    except (BadInput, ModelFitError) as error:
        failure = str(error)
    seconds = round(time.perf_counter() - began, 3)
    return Tried(number, msgspec.to_builtins(parameters), ndcg, seconds, failure)


def _line(done: list[Tried], trials: int, ranges: Mapping[str, Range], *, resumed: bool) -> str:
    last, best = done[-1], Found(tuple(done)).best
    what = ", ".join(f"{name} {last.parameters[name]}" for name in ranges)
    reached = last.failure if last.ndcg is None else f"nDCG@10 {last.ndcg:.4f}"
    spent = "known from an earlier run" if resumed else f"{last.seconds:.1f} s"
    left = sum(tried.seconds for tried in done) / len(done) * (trials - len(done))
    more = f"; about {left / 60:.0f} min left" if left >= 60 else ""
    return (
        f"trial {last.number}/{trials}: {reached} ({spent}) with {what}; "
        f"best {best.worth:.4f}, trial {best.number}{more}"
    )


def _key(tables: Tables, model: str, seed: int, fixed: Mapping[str, Any]) -> str:
    """What trials depend on besides their own parameters."""
    made_of = [data_hash(tables), model, seed, sorted(fixed.items()), version("implicit")]
    return hashlib.sha256(msgspec.json.encode(made_of)).hexdigest()[:12]
