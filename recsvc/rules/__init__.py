"""Rules: questions about a visit that are true or false, checked when saved, asking only facts."""

from __future__ import annotations

from recsvc.rules.facts import FACTS, Fact
from recsvc.rules.reading import read_rule
from recsvc.rules.rule import BadRule, Failed, Rule, compiled

__all__ = ["FACTS", "BadRule", "Fact", "Failed", "Rule", "compiled", "read_rule"]
