"""Regressions put in on purpose are seen, and what is as good as before is let through."""

from __future__ import annotations

import dataclasses
import pathlib
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from recsvc.config.launch_gate import LaunchGate
from recsvc.errors import BadData, UnknownModel
from recsvc.recommenders.artifacts.artifact import Artifact, load
from recsvc.recommenders.comparison import backtest
from recsvc.recommenders.comparison.compare import Asked, compare
from recsvc.recommenders.comparison.figures import Comparison
from recsvc.recommenders.comparison.kept import keep, windows_folder
from recsvc.recommenders.comparison.verdict import Verdict, judge
from recsvc.recommenders.comparison.words import as_text

Factors = npt.NDArray[Any]


def beside(shop: Any, a: str, b: str, *, data: bool = True, **asked: Any) -> Comparison:
    return compare(
        shop.home,
        a,
        b,
        shop.interactions if data else None,
        tell=lambda _: None,
        asked=Asked(**({"windows": 3, "threads": 1} | asked)),
    )


def verdict(found: Comparison) -> Verdict:
    return judge(found, LaunchGate())


def shuffled(_: Artifact, factors: Factors) -> Factors:
    return np.random.default_rng(0).permutation(factors)


def test_a_model_that_learnt_the_same_again_changes_nothing_and_passes(shop: Any) -> None:
    found = beside(shop, shop.made(14), shop.train(14))
    assert found.churn is not None
    assert found.churn.all.churn.mean == 0
    assert (found.churn.position_churn, found.churn.rbo) == (0, 1)
    assert found.accuracy is not None
    assert found.accuracy.how == "later events"
    assert found.accuracy.pooled.a == found.accuracy.pooled.b > 0.2
    assert verdict(found).outcome == "passed"


def test_a_shuffled_model_fails_by_churn_and_by_accuracy_on_later_events(shop: Any) -> None:
    good = shop.made(14)
    found = beside(shop, good, shop.damaged(good, shuffled))
    assert {"idle_churn", "accuracy_loss"} <= set(verdict(found).missed)
    assert found.accuracy is not None
    assert found.accuracy.pooled.change is not None
    assert found.accuracy.pooled.change.high < -0.3
    assert len(found.accuracy.windows) == 3


def test_a_backtest_asks_for_the_recipe_and_says_so(shop: Any) -> None:
    good = shop.made(14)
    found = beside(shop, good, shop.damaged(good, shuffled), way="backtest")
    assert found.accuracy is not None
    assert found.accuracy.same_recipe
    assert "the recipes, not these artifacts" in as_text(found, verdict(found))
    assert verdict(found).missed == ("idle_churn",)


def test_a_worse_recipe_fails_the_backtest(shop: Any) -> None:
    a, b = shop.made(20), shop.made(20, "popularity")
    found = beside(shop, a, b)
    assert found.accuracy is not None
    assert found.accuracy.how == "backtest"
    assert len(found.accuracy.windows) == 3
    assert found.accuracy.pooled.change is not None
    assert found.accuracy.pooled.change.high < -0.3
    better = beside(shop, b, a).accuracy
    assert better is not None
    assert better.pooled.change is not None
    assert better.pooled.change.low > 0.3


def test_an_old_vocabulary_misses_what_people_turn_to_since(shop: Any) -> None:
    new, old = shop.made(16), shop.made(11)
    found = beside(shop, new, old)
    assert found.accuracy is not None
    assert found.accuracy.pooled.change is not None
    assert found.accuracy.pooled.change.high < 0
    assert found.coverage is not None
    assert found.coverage.new == 0
    assert {"idle_churn", "accuracy_loss"} & set(verdict(found).missed)


def test_new_items_that_reach_nobody_fail_and_those_that_reach_people_do_not(shop: Any) -> None:
    a, b = shop.made(11), shop.made(16)

    def unheard(found: Artifact, factors: Factors) -> Factors:
        known = load(shop.home, a).matrix.items.index
        late = [n for n, item in enumerate(found.matrix.items.ids) if item not in known]
        factors[late] = -factors.mean(axis=0)
        return factors

    good, bad = beside(shop, a, b), beside(shop, a, shop.damaged(b, unheard))
    assert good.coverage is not None
    assert bad.coverage is not None
    assert good.coverage.new == bad.coverage.new == 16
    assert good.coverage.new_top_10 > 0.5
    assert bad.coverage.new_top_10 == 0
    assert bad.coverage.seats == 0


def test_a_broken_artifact_fails_whatever_is_broken(shop: Any) -> None:
    a, b = shop.made(14), shop.train(14)
    (shop.home / "models" / b / "item_factors.npy").write_bytes(b"nothing")
    found = beside(shop, a, b)
    assert found.fault is not None
    assert verdict(found).missed == ("answered",)
    with pytest.raises(BadData):
        beside(shop, b, a)
    with pytest.raises(UnknownModel):
        beside(shop, a, "als-20260101T000000Z-00000000")


def test_without_interactions_accuracy_stays_open(shop: Any) -> None:
    found = beside(shop, shop.made(14), shop.train(14), data=False)
    assert found.accuracy is None
    assert verdict(found).outcome == "cannot tell"
    assert verdict(found).missed == ("accuracy_loss",)


def test_idle_and_active_people_are_told_apart_and_add_up(shop: Any) -> None:
    found = beside(shop, shop.made(14), shop.made(15))
    churn = found.churn
    assert churn is not None
    assert churn.idle is not None
    assert churn.active is not None
    assert churn.idle.people + churn.active.people == churn.all.people == found.people
    parts = (churn.idle, churn.active)
    total = sum(part.people * part.churn.mean for part in parts)
    assert total / churn.all.people == pytest.approx(churn.all.churn.mean)
    assert sum(group.people for group in churn.by_activity) == churn.all.people
    assert sum(part.share for part in churn.by_popularity) == pytest.approx(1)
    lost = sum(part.share * part.churn for part in churn.by_popularity)
    assert lost == pytest.approx(churn.all.churn.mean, abs=0.005)
    assert churn.by_events is not None
    assert churn.by_events.mean > 0
    assert found.gain is not None
    assert found.gain.gap_s == pytest.approx(86_400, rel=0.2)


def test_a_warm_start_changes_less_for_idle_people_than_a_cold_one(shop: Any) -> None:
    a = shop.made(14)
    cold = beside(shop, a, shop.train(15, seed=2), data=False).churn
    warm = beside(shop, a, shop.train(15, start=load(shop.home, a)), data=False).churn
    assert cold is not None
    assert warm is not None
    assert cold.idle is not None
    assert warm.idle is not None
    assert warm.idle.churn.mean < cold.idle.churn.mean


def test_a_warm_recipe_goes_on_from_an_older_model_in_the_backtest_too(shop: Any) -> None:
    a = shop.train(18)
    b = shop.train(20, start=load(shop.home, a))
    found = beside(shop, a, b)
    assert found.accuracy is not None
    assert not found.accuracy.same_recipe
    assert found.gain is not None
    assert found.gain.how == "backtest"
    assert found.gain.of_a is not None
    assert found.gain.active.people == found.gain.of_a.people > 20
    assert found.gain.active.a == found.gain.of_a.a, "both against the same older model"
    assert found.gain.active.people < found.accuracy.pooled.people, "others had no news"


def test_a_stopped_backtest_goes_on_where_it_was(
    shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = shop.made(20), shop.made(20, "popularity")
    whole = beside(shop, a, b)
    tried: list[pathlib.Path] = []

    def stopped(file: pathlib.Path, outcome: Any) -> None:
        if len(tried) == 2:
            raise KeyboardInterrupt
        write(file, outcome)
        tried.append(file)

    keep(shop.home, whole)  # and with it no window is kept
    write = backtest._write
    monkeypatch.setattr(backtest, "_write", stopped)
    with pytest.raises(KeyboardInterrupt):
        beside(shop, a, b)
    monkeypatch.setattr(backtest, "_write", write)
    told: list[str] = []
    again = compare(
        shop.home, a, b, shop.interactions, tell=told.append, asked=Asked(windows=3, threads=1)
    )
    assert again.accuracy == whole.accuracy
    assert [line for line in told if "is there already" in line] == [
        "backtest: window 1 of 3 is there already",
        "backtest: window 2 of 3 is there already",
    ]
    keep(shop.home, again)
    assert not windows_folder(shop.home, a, b).exists()


def test_people_of_two_strangers_cannot_be_compared(shop: Any) -> None:
    a = shop.made(14)
    frame = shop.interactions
    others = dataclasses.replace(
        shop.all, interactions=frame.assign(user_id="x" + frame["user_id"])
    )
    strangers = dataclasses.replace(shop, all=others)
    found = beside(shop, a, strangers.train(14, "popularity"), data=False)
    assert found.people == 0
    assert verdict(found).outcome == "cannot tell"
    assert as_text(found, verdict(found))
