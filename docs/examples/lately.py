"""A recommender of one's own: what came out lately, in the visitor's favourite category first."""

import csv
import os
from pathlib import Path

from policies.candidates import Candidates


class Lately:
    def __init__(self, table: Path) -> None:
        with table.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        self.category = {row["item_id"]: row["category"] for row in rows}
        self.age = {row["item_id"]: float(row["age_days"]) for row in rows}
        self.model = f"lately-{int(table.stat().st_mtime)}"  # another table is another model

    def knows(self, item_id):
        return item_id in self.category

    def rank(self, profile, n, *, incumbents=(), without=()):
        liked = {self.category[item]: w for item, w in profile.events if item in self.category}
        if not liked:
            return None  # nothing to say of this visitor: the next rung answers
        scores = {
            item: liked.get(self.category[item], 0.0) + 1 / (1 + age)
            for item, age in self.age.items()
            if item not in without
        }
        best = sorted(scores, key=lambda item: (-scores[item], item))[:n]
        offered = list(dict.fromkeys([*best, *(i for i in incumbents if i in scores)]))
        return Candidates.of(
            offered, [scores[i] for i in offered], rung="primary", model=self.model
        )


def recommender():
    return Lately(Path(os.environ.get("LATELY_ITEMS", "lately.csv")))
