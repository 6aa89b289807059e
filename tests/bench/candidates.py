"""`make bench`: top 100 for one person in one thread, by size of the catalogue, and fold-in.

Factors are those of an ALS (64 factors, regularisation 10) trained on generated people: each has
three tastes of 200, within which items are met by a power law (exponent .8), as are those of all
tastes now and then. Where a "spread" is named they are drawn at random, with lengths of that spread
(of their logarithm): the worst case, in which looking by length never ends. Times are medians and
95th percentiles over people whose trained rows are asked for in turn, CPU is of the process.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from implicit.als import AlternatingLeastSquares

from recsvc.ports import Profile
from recsvc.recommenders.artifacts.artifact import Artifact
from recsvc.recommenders.artifacts.manifest import FORMAT, Manifest
from recsvc.recommenders.kinds.als import Als, AlsParameters
from recsvc.recommenders.kinds.popularity import distinct_users
from recsvc.recommenders.live.serving import Personal
from recsvc.recommenders.matrix import Floats, Matrix
from recsvc.recommenders.scanning import ann
from recsvc.recommenders.scanning.eligible import Eligible
from recsvc.recommenders.scanning.scan import Lengths, Scan
from recsvc.recommenders.threads import one_blas_thread_from_now_on
from recsvc.recommenders.vocabulary import Indices, Vocabulary

SIZES = {4_000: 6_000, 12_000: 20_000, 50_000: 40_000, 1_000_000: 200_000}
FACTORS, TASTES, MET, BY_POWER = 64, 200, 50, 0.8
PEOPLE, N = 300, 100


class Timed(NamedTuple):
    """Milliseconds and CPU microseconds of one call."""

    p50: float
    p95: float
    cpu_us: float


def timed(call: Callable[[int], object], times: int = PEOPLE) -> Timed:
    """Over so many calls, after a few to warm up."""
    for number in range(min(20, times)):
        call(number)
    took = []
    began = time.process_time()
    for number in range(times):
        start = time.perf_counter()
        call(number)
        took.append(time.perf_counter() - start)
    cpu = (time.process_time() - began) / times * 1e6
    p50, p95 = (np.percentile(took, [50, 95]) * 1e3).tolist()
    return Timed(p50, p95, cpu)


def met(items: int, users: int, seed: int = 1) -> sp.csr_matrix[np.float32]:
    """Who met what: ones at the pairs, shape (users, items)."""
    random = np.random.default_rng(seed)
    by_taste = np.argsort(random.integers(0, TASTES, items), kind="stable")
    starts = np.linspace(0, items, TASTES + 1).astype(np.int64)
    count = random.geometric(1 / MET, users)
    user = np.repeat(np.arange(users), count)
    taste = random.integers(0, TASTES, (users, 3))[user, random.integers(0, 3, len(user))]
    size = starts[taste + 1] - starts[taste]
    item = by_taste[starts[taste] + _ranks(random.random(len(user)), size)]
    other = random.random(len(user)) < 0.15
    everything = random.permutation(items)
    item[other] = everything[_ranks(random.random(int(other.sum())), np.array([items]))]
    rows = sp.csr_matrix((np.ones(len(user), np.float32), (user, item)), shape=(users, items))
    rows.sum_duplicates()
    rows.data[:] = 1
    return rows


def _ranks(draws: npt.NDArray[np.float64], size: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    power = 1 - BY_POWER
    ranks = (((size + 1.0) ** power - 1) * draws + 1) ** (1 / power) - 1
    return np.minimum(ranks.astype(np.int64), size - 1)


def trained(rows: sp.csr_matrix[np.float32]) -> Als:
    """A model of them; few iterations settle the lengths."""
    learner = AlternatingLeastSquares(
        factors=FACTORS, regularization=10.0, iterations=5, random_state=1, num_threads=1
    )
    learner.fit(rows, show_progress=False)
    return of(learner.user_factors, learner.item_factors)


def drawn(items: int, spread: float, seed: int = 1) -> Als:
    """Factors without a direction of their own; `spread` is that of the logarithm of lengths."""
    random = np.random.default_rng(seed)
    draws = [random.standard_normal((n, FACTORS), np.float32) for n in (PEOPLE, items)]
    lengths = 0.1 * random.lognormal(0, spread, (items, 1)).astype(np.float32)
    return of(draws[0], draws[1] * lengths)


def of(user_factors: Floats, item_factors: Floats) -> Als:
    """A model of these factors."""
    arrays = {"user_factors": user_factors, "item_factors": item_factors}
    shape = (len(user_factors), len(item_factors))
    return Als.of(arrays, AlsParameters(factors=FACTORS), shape=shape)


def artifact_of(model: Als, rows: sp.csr_matrix[np.float32]) -> Artifact:
    """In memory, as a loaded one."""
    users, items = (Vocabulary(tuple(f"{k}{n}" for n in range(m))) for k, m in _named(rows.shape))
    manifest = Manifest(
        format=FORMAT,
        model_id="als-bench",
        kind="als",
        created=0.0,
        data_hash="",
        rows=int(rows.nnz),
        users=len(users),
        items=len(items),
        pairs=int(rows.nnz),
        types=(),
        first=0.0,
        last=0.0,
        parameters={},
        seed=1,
        versions={},
        training_seconds=0.0,
        files={},
    )
    return Artifact(manifest, model, Matrix(users, items, rows), distinct_users(rows), None)


def _named(shape: tuple[int, int]) -> Iterator[tuple[str, int]]:
    return zip(("u", "i"), shape, strict=True)


class Indexed(Scan):
    """Looks through its index, also where to look by length would be over sooner."""

    def _by_length(self, *_: object) -> None:
        return None


def looks(model: Als) -> Iterator[tuple[str, Scan]]:
    """The ways to look through these items."""
    factors = model.item_factors
    yield "all of them", Scan(factors)
    if not Scan.of(factors).whole:
        yield "by length", Scan.of(factors)
    if len(factors) >= ann.PAYS // 2 and ann.library() is not None:
        people = model.user_factors[:: max(1, len(model.user_factors) // 100)][:100]
        for kind in ("half", "approximate"):
            yield kind, Indexed(factors, Lengths.of(factors), ann.build(factors, people, kind))


def line(what: str, took: Timed, note: str = "") -> None:
    """One row of the table."""
    print(f"{what:<38}{took.p50:>9.3f}{took.p95:>9.3f}{took.cpu_us:>9.0f}  {note}", flush=True)


def report_looks(name: str, model: Als) -> None:
    """Scan and ranking by themselves, in every way; recall against the first."""
    people = model.user_factors[:PEOPLE]
    times = len(people) if len(model.item_factors) < 500_000 else 100
    true: list[set[int]] = []
    for way, scan in looks(model):
        took = timed(lambda n: scan.best(people[n], N, Eligible()), times)  # noqa: B023
        found = [set(scan.best(people[n], N, Eligible()).tolist()) for n in range(times)]
        true = true or found
        shares = [len(a & b) / len(a) for a, b in zip(true, found, strict=True)]
        soon = [scan.reaches(one, N) for one in people[:times]] if way == "by length" else []
        note = f"recall {np.mean(shares):.4f}" + (
            f", ends soon {np.mean(soon):.2f}" if soon else ""
        )
        line(f"{name}: {way}", took, note)


def report_serving(name: str, model: Als, rows: sp.csr_matrix[np.float32]) -> None:
    """What the service asks for: candidates with ids, and fold-in."""
    personal = Personal(artifact_of(model, rows))
    gone = frozenset(f"i{n}" for n in range(20))
    known = [Profile(f"u{n}") for n in range(PEOPLE)]
    line(
        f"{name}: candidates, 20 ruled out",
        timed(lambda n: personal.rank(known[n], N, without=gone)),
    )
    random = np.random.default_rng(2)
    events = [_events(random, rows, n) for n in range(PEOPLE)]
    ones = np.ones(20, np.float32)
    line(f"{name}: fold-in of 20 events", timed(lambda n: model.person(events[n], ones)))
    heard = [Profile(None, tuple((f"i{item}", 1.0) for item in one.tolist())) for one in events]
    line(f"{name}: candidates after 20 events", timed(lambda n: personal.rank(heard[n], N)))


def _events(random: np.random.Generator, rows: sp.csr_matrix[np.float32], user: int) -> Indices:
    """Twenty different items: the person's own, and others by popularity."""
    own = rows.indices[rows.indptr[user] : rows.indptr[user + 1]]
    others = rows.indices[random.integers(0, rows.nnz, 60)]
    return np.array(list(dict.fromkeys([*own.tolist(), *others.tolist()]))[:20], dtype=np.int32)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=int, default=max(SIZES), help="largest catalogue")
    most = parser.parse_args().most
    one_blas_thread_from_now_on()
    print(f"\ntop {N} of {FACTORS} factors, one thread\n")
    print(f"{'':<38}{'p50 ms':>9}{'p95':>9}{'CPU us':>9}")
    for items, users in SIZES.items():
        if items > most:
            continue
        rows = met(items, users)
        model = trained(rows)
        report_looks(f"{items:,}", model)
        report_serving(f"{items:,}", model, rows)
        if items >= ann.PAYS:
            for spread in (0.0, 0.5):
                report_looks(f"{items:,}, spread {spread}", drawn(items, spread))


if __name__ == "__main__":
    main()
