"""The judge of the contract: what a client can check, clause by clause, from a recorded history."""

from __future__ import annotations

from recsvc.contract.history import Unreadable, Verdict, check_history
from recsvc.contract.judge import Judge, Violation
from recsvc.contract.record import NotARecord

__all__ = ["Judge", "NotARecord", "Unreadable", "Verdict", "Violation", "check_history"]
