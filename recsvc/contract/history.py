"""Judges a whole recorded history, line by line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from recsvc.contract.judge import Judge, Violation
from recsvc.contract.record import NotARecord

# Recorders that write from several threads may swap neighbours, but not more.
DISORDER_S = 5.0


class Unreadable(ValueError):
    """A line of a history that cannot be judged; `line_number` counts from 1."""

    def __init__(self, line_number: int, why: str) -> None:
        super().__init__(f"line {line_number}: {why}")
        self.line_number = line_number
        self.why = why


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was judged and what was found; `not_judged` counts by cause what could not be."""

    answers: int
    slates: int
    sessions: int
    violations: tuple[Violation, ...]
    not_judged: Mapping[str, int]

    @property
    def clean(self) -> bool:
        """True if no clause was broken."""
        return not self.violations


def check_history(lines: Iterable[str]) -> Verdict:
    """Judge the lines of a history (JSON, one object a line, by rising `t`); blank lines pass.

    Raises Unreadable for a line that is broken, is no record, or is out of order.
    """
    judge = Judge()
    found: list[Violation] = []
    latest = float("-inf")
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
            found.extend(judge.feed(record))
        except NotARecord as problem:
            raise Unreadable(number, str(problem)) from problem
        except (ValueError, RecursionError) as problem:
            raise Unreadable(number, f"not JSON ({problem})") from problem
        if record["t"] < latest - DISORDER_S:
            raise Unreadable(number, f"t={record['t']} is earlier than before; sort the lines by t")
        latest = max(latest, record["t"])
    found.extend(judge.finish())
    return Verdict(
        answers=judge.answers,
        slates=judge.slates,
        sessions=judge.sessions,
        violations=tuple(found),
        not_judged=dict(judge.not_judged),
    )
