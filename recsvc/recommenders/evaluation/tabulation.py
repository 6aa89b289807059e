"""An evaluation for people, and for programs."""

from __future__ import annotations

import msgspec

from recsvc.recommenders.evaluation.evaluate import Estimate, Evaluation

_COLUMNS = ("nDCG@10", "recall@10", "hit rate@10", "MRR@10")


def as_text(evaluation: Evaluation) -> str:
    """A table of means and 95 % intervals, one model a line, best nDCG first."""
    head = (
        f"split {evaluation.split}: {evaluation.users:,} users, {evaluation.items:,} items ranked; "
        f"{evaluation.train_events:,} events to learn from, {evaluation.test_events:,} to test\n"
        f"mean [95 % interval over users, {evaluation.bootstrap:,} bootstrap samples, "
        f"seed {evaluation.seed}]\n\n"
    )
    lines = [f"{'model':<12}" + "".join(f"{name:<24}" for name in _COLUMNS) + "trained in"]
    for row in sorted(evaluation.rows, key=lambda row: -row.ndcg.mean):
        figures = (row.ndcg, row.recall, row.hit_rate, row.mrr)
        cells = "".join(f"{_cell(figure):<24}" for figure in figures)
        lines.append(f"{row.model:<12}{cells}{row.seconds:.1f} s")
    return head + "\n".join(lines) + "\n"


def as_json(evaluation: Evaluation) -> str:
    """All figures at full precision, as one JSON object."""
    return msgspec.json.format(msgspec.json.encode(evaluation), indent=2).decode() + "\n"


def _cell(figure: Estimate) -> str:
    mean, low, high = (f"{number:.4f}" for number in (figure.mean, figure.low, figure.high))
    return f"{mean} [{low}, {high}]".replace("0.", ".")
