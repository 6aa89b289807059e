"""A search: the test period unseen, the same again for the same seed, and no trial made twice."""

from __future__ import annotations

import fcntl
import pathlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from recsvc.data import Tables, tables_from_frames
from recsvc.errors import BadData, BadInput, Conflict, UnknownModel
from recsvc.recommenders.artifacts.artifact import load
from recsvc.recommenders.kinds.named import KINDS
from recsvc.recommenders.kinds.neighbours import Bm25
from recsvc.recommenders.training import search as searching
from recsvc.recommenders.training.search import Found, ranges_of, search
from recsvc.recommenders.training.train import train

DAY = 86_400


def fashion(*, last: int = 0) -> Tables:
    """Forty days, on each of which two items of the day are what everybody turns to.

    Old items have more users than new ones: only who forgets is right. `last` changes nothing but
    the last tenth of time.
    """
    rng = np.random.default_rng(5)
    events = []
    for day in range(40):
        draw = np.random.default_rng(last) if day >= 36 else rng
        crowd = draw.choice(60, size=30 - day // 3, replace=False)
        for user in crowd.tolist():
            item = 2 * day + int(draw.integers(4))  # also tomorrow's
            events.append((f"u{user}", f"i{item}", day * DAY + user))
    return tables_from_frames(pd.DataFrame(events, columns=["user_id", "item_id", "timestamp"]))


@pytest.fixture(scope="module")
def tables() -> Tables:
    return fashion()


def found(
    tables: Tables,
    home: pathlib.Path,
    trials: int = 4,
    *,
    model: str = "popularity",
    seed: int = 3,
    progress: Callable[[str], None] = lambda _: None,
    fixed: dict[str, Any] | None = None,
) -> Found:
    return search(
        tables,
        model=model,
        home=home,
        trials=trials,
        seed=seed,
        progress=progress,
        fixed=fixed,
        threads=1,
    )


def settings(done: Found) -> list[dict[str, Any]]:
    return [tried.parameters for tried in done.trials]


def without_seconds(done: Found) -> list[tuple[Any, ...]]:
    return [(tried.number, tried.parameters, tried.ndcg) for tried in done.trials]


def test_a_search_finds_that_old_fashion_is_out(tables: Tables, home: pathlib.Path) -> None:
    done = found(tables, home, 8)
    assert done.trials[0].parameters == {"half_life_days": None}
    assert done.best.parameters["half_life_days"] < 10
    assert done.best.worth > 2 * done.trials[0].worth
    assert done.figures == {
        "search trials": 8,
        "search ndcg@10": done.best.ndcg,
        "search default ndcg@10": done.trials[0].ndcg,
    }


@pytest.mark.parametrize("kind", ["als", "bpr", "lmf", "cosine", "tfidf", "bm25", "popularity"])
def test_every_kind_is_searched_within_what_it_allows(kind: str) -> None:
    model = KINDS[kind]
    ranges = ranges_of(model)
    drawn = list(searching._settings(model, ranges, {}, 60, seed=1))
    assert drawn[0] == model.Parameters()
    for name, range_ in ranges.items():
        values = [getattr(parameters, name) for parameters in drawn[1:]]
        assert range_.low <= min(values) <= max(values) <= range_.high
        assert all(isinstance(value, int) == range_.whole for value in values)
        shares = sorted((value - range_.low) / (range_.high - range_.low) for value in values)
        if range_.low > 0:
            ends = np.log(range_.high / range_.low)
            shares = sorted(np.log(np.array(values) / range_.low) / ends)
        evenly = (np.arange(len(shares)) + 0.5) / len(shares)
        assert np.abs(np.array(shares) - evenly).max() < 0.1, f"{name} is not spread evenly"


def test_the_same_seed_gives_the_same_trials_and_more_of_them_begin_alike(
    tables: Tables, tmp_path: pathlib.Path
) -> None:
    first = found(tables, tmp_path / "a", 4, model="bm25")
    again = found(tables, tmp_path / "b", 4, model="bm25")
    assert without_seconds(first) == without_seconds(again)
    more = found(tables, tmp_path / "c", 6, model="bm25")
    assert without_seconds(more)[:4] == without_seconds(first)
    other = found(tables, tmp_path / "d", 4, model="bm25", seed=4)
    assert settings(other)[0] == settings(first)[0]
    assert settings(other)[1:] != settings(first)[1:]


def test_the_test_period_is_not_looked_at(tmp_path: pathlib.Path) -> None:
    one, two = fashion(last=0), fashion(last=1)
    assert not one.interactions.equals(two.interactions)
    found_one = found(one, tmp_path, model="bm25")
    assert without_seconds(found_one) == without_seconds(found(two, tmp_path, model="bm25"))
    assert len(list((tmp_path / "searches").iterdir())) == 2, "other data, another search"


def test_what_a_kill_left_is_gone_on_from_and_told(
    tables: Tables, home: pathlib.Path, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = found(tables, tmp_path / "never killed", 5, model="bm25")

    def killed(line: str) -> None:
        if line.startswith("trial 3/"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        found(tables, home, 5, model="bm25", progress=killed)
    (book,) = (home / "searches").iterdir()
    book.write_bytes(book.read_bytes()[:-20])  # the third line is torn
    fits: list[object] = []
    fit = Bm25.fit
    monkeypatch.setattr(Bm25, "fit", lambda *a, **k: fits.append(a) or fit(*a, **k))
    said: list[str] = []
    resumed = found(tables, home, 5, model="bm25", progress=said.append)
    assert without_seconds(resumed) == without_seconds(whole)
    assert len(fits) == 3, "the two that were noted are not made again"
    told = [line for line in said if "known from an earlier run" in line]
    assert [line.split(":")[0] for line in told] == ["trial 1/5", "trial 2/5"]
    fits.clear()
    assert without_seconds(found(tables, home, 5, model="bm25")) == without_seconds(whole)
    assert not fits
    assert len(book.read_text().splitlines()) == 5


def test_a_trial_noted_with_other_settings_is_made_again(
    tables: Tables, home: pathlib.Path
) -> None:
    """As by a version whose ranges were others."""
    done = found(tables, home, 3, model="bm25")
    (book,) = (home / "searches").iterdir()
    k1 = str(done.trials[1].parameters["k1"])
    book.write_text(book.read_text().replace(k1, "77.7").replace('"ndcg":0.', '"ndcg":0.9'))
    again = found(tables, home, 3, model="bm25")
    assert again.trials[1].parameters == done.trials[1].parameters
    assert again.trials[1].ndcg == done.trials[1].ndcg
    assert again.trials[2].ndcg != done.trials[2].ndcg, "this one was taken as it was noted"


def test_given_parameters_stay_and_the_others_are_searched(
    tables: Tables, home: pathlib.Path
) -> None:
    done = found(tables, home, 5, model="bm25", fixed={"k1": 2.5})
    assert {given["k1"] for given in settings(done)} == {2.5}
    assert len({given["neighbours"] for given in settings(done)}) > 1
    plain = found(tables, home, 5, model="bm25")
    assert settings(plain) != settings(done)


def test_a_trial_that_fails_is_told_and_never_wins(
    tables: Tables, home: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fit, calls = Bm25.fit, iter(range(9))

    def sometimes(*args: Any, **named: Any) -> Bm25:
        if next(calls) % 2 == 0:
            raise BadInput("The training diverged; lower it.")
        return fit(*args, **named)

    monkeypatch.setattr(Bm25, "fit", sometimes)
    said: list[str] = []
    done = found(tables, home, 4, model="bm25", progress=said.append)
    assert [tried.ndcg is None for tried in done.trials] == [True, False, True, False]
    assert done.best.number in {2, 4}
    assert any("trial 1/4: The training diverged" in line for line in said)
    with pytest.raises(BadData, match="The training diverged"):
        found(tables, home, 1, model="bm25")


def test_the_winners_parameters_and_figures_are_kept_with_the_model(
    tables: Tables, home: pathlib.Path
) -> None:
    done = found(tables, home, 5)
    folder = train(
        tables,
        model="popularity",
        home=home,
        seed=3,
        progress=lambda _: None,
        parameters=done.best.parameters,
        figures=done.figures,
    )
    manifest = load(home, folder.name).manifest
    assert manifest.parameters == done.best.parameters
    assert manifest.metrics["search ndcg@10"] == done.best.ndcg
    assert manifest.metrics["search trials"] == 5
    assert "ndcg@10" in manifest.metrics
    assert manifest.rows == len(tables.interactions), "the model learns from all of them"


def test_the_same_search_twice_at_once_is_refused(tables: Tables, home: pathlib.Path) -> None:
    found(tables, home, 1)
    (book,) = (home / "searches").iterdir()
    with book.open("a") as running:
        fcntl.flock(running, fcntl.LOCK_EX)
        with pytest.raises(Conflict, match="running already"):
            found(tables, home, 2)
    assert len(found(tables, home, 2).trials) == 2


def test_what_cannot_be_searched_is_told(tables: Tables, home: pathlib.Path) -> None:
    with pytest.raises(UnknownModel):
        found(tables, home, model="crystal-ball")
    with pytest.raises(BadInput, match="depth"):
        found(tables, home, model="als", fixed={"depth": 3})
    with pytest.raises(BadInput, match="nothing to search"):
        found(tables, home, fixed={"half_life_days": 3})
    with pytest.raises(BadInput, match="one trial"):
        found(tables, home, 0)
    same = tables_from_frames(tables.interactions.assign(timestamp=5))
    with pytest.raises(BadData, match="validation period"):
        found(same, home)
    assert not list(home.glob("searches/*")), "nothing is noted of a search that cannot begin"
