"""An index of a big catalogue, where looking at items by length does not end soon: faiss, `ann`.

Whatever it finds is scored again in full; it only tells where to look. It is built with the model,
and the share of the true best 100 that it finds is measured then.
M. Douze et al., "The Faiss library", arXiv:2401.08281, 2024; for codes of 4 bits: F. André,
A.-M. Kermarrec, N. Le Scouarnec, "Cache locality is not enough", PVLDB 9(4), 2015.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any, Final, Literal

import numpy as np

from recsvc.recommenders.matrix import Floats
from recsvc.recommenders.models import Model
from recsvc.recommenders.scanning.card import Index
from recsvc.recommenders.scanning.eligible import Eligible
from recsvc.recommenders.scanning.scan import Factored, Lengths, Scan
from recsvc.recommenders.vocabulary import Indices

log = logging.getLogger(__name__)

Kind = Literal["half", "approximate"]

FILE: Final = "index.faiss"
PAYS: Final = 100_000
"""Smaller catalogues are scanned in full as fast: `make bench` tells."""
RECALL_AT: Final = 100
PEOPLE: Final = 200
"""So many people tell how far one must look, and what an index finds of their best."""
SOON: Final = 0.95
"""No index is built where looking by length ends soon for this share of people."""
AT_LEAST: Final = 500
"""So many are taken from an approximate index at least: its own order is coarse."""
LEARNT_FROM: Final = 50_000
"""Items that codes are learnt from."""


@dataclass(frozen=True, eq=False)
class Faiss:
    """`recsvc.recommenders.scanning.scan.Nearest` by an index of faiss."""

    index: Any
    card: Index

    @property
    def coarse(self) -> bool:
        """As the protocol says."""
        return self.card.kind == "approximate"

    def search(self, person: Floats, n: int) -> Indices:
        """As the protocol says."""
        wanted = min(max(n, AT_LEAST if self.coarse else 0), self.index.ntotal)
        _, found = self.index.search(person[None], wanted)
        items: Indices = found[0][found[0] >= 0].astype(np.int32)
        return items


def library() -> ModuleType | None:
    """faiss, limited to the caller's own thread; None where it is not installed."""
    try:
        import faiss  # it takes a fifth of a second
    except ImportError:
        return None
    faiss.omp_set_num_threads(1)
    module: ModuleType = faiss
    return module


def indexed(model: Model, kind: Kind, progress: Callable[[str], None]) -> Faiss | None:
    """The index of a model, measured; None where none is needed, or faiss is missing."""
    if not isinstance(model, Factored) or len(model.item_factors) < PAYS:
        return None
    factors = model.item_factors
    people = _some(model)
    if not needed(factors, people):
        return None
    if library() is None:
        progress("faiss would make this catalogue faster to serve: pip install recsvc[ann]")
        return None
    index = build(factors, people, kind)
    progress(f"index of {len(factors):,} items: recall@100 {index.card.recall_at_100:.4f}")
    return index


def needed(factors: Floats, people: Floats) -> bool:
    """Whether an index would make these items be found faster for people like these (p, f)."""
    if len(factors) < PAYS or not len(people):
        return False
    scan = Scan.of(factors)
    soon = [scan.reaches(person, RECALL_AT) for person in people]
    return sum(soon) < SOON * len(soon)


def build(factors: Floats, people: Floats, kind: Kind) -> Faiss:
    """An index of the items (n, f), measured on people (p, f). Raises ImportError without faiss.

    `half` keeps factors in half precision, `approximate` 4 bits of each.
    """
    faiss = library()
    if faiss is None:
        raise ImportError("faiss is not installed; pip install recsvc[ann]")
    size = factors.shape[1]
    if kind == "half":
        index = faiss.IndexScalarQuantizer(
            size, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
        )
    else:
        index = faiss.IndexPQFastScan(size, size, 4, faiss.METRIC_INNER_PRODUCT)
    learnt_from = np.linspace(0, len(factors) - 1, min(len(factors), LEARNT_FROM)).astype(np.intp)
    index.train(factors[learnt_from])
    index.add(np.ascontiguousarray(factors))
    made = Faiss(index, Index(kind, 0.0, 0))
    return replace(made, card=_measured(factors, made, people))


def _measured(factors: Floats, found_by: Faiss, people: Floats) -> Index:
    """What it finds of the true best of these people."""
    through, whole = Scan(factors, Lengths.of(factors), found_by), Scan(factors)
    shares = []
    for person in people:
        true = whole.best(person, RECALL_AT, Eligible()).tolist()
        found = through.best(person, RECALL_AT, Eligible()).tolist()
        shares.append(len(set(true).intersection(found)) / len(true))
    return Index(found_by.card.kind, round(float(np.mean(shares)), 4), len(people))


def write(index: Faiss, folder: Path) -> None:
    """Put it beside the model."""
    faiss = library()
    assert faiss is not None
    faiss.write_index(index.index, str(folder / FILE))


def opened(folder: Path, card: Index, shape: tuple[int, ...]) -> Faiss | None:
    """The index of a model with factors of this shape, mapped; None where faiss is missing.

    Raises ValueError when it cannot be of that model.
    """
    faiss = library()
    if faiss is None:
        log.warning("faiss is missing: all items are scanned; install recsvc[ann]")
        return None
    try:
        index = faiss.read_index(str(folder / FILE), faiss.IO_FLAG_MMAP_IFC)
    except RuntimeError as error:
        raise ValueError(f"{FILE} cannot be read: {error}") from error
    if (index.ntotal, index.d) != shape:
        raise ValueError(f"{FILE} is of {index.ntotal} items and {index.d} factors")
    return Faiss(index, card)


def _some(model: Factored) -> Floats:
    """Factors of PEOPLE trained users, spread evenly over all; shape (p, f)."""
    known = model.user_factors
    chosen: Floats = known[np.unique(np.linspace(0, len(known) - 1, PEOPLE).astype(np.intp))]
    return chosen
