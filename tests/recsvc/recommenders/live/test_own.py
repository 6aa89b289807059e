"""A recommender of one's own: refused at the start where it does not fit, never trusted later."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from policies.candidates import Candidates
from recsvc.errors import Misconfigured
from recsvc.ports import Profile
from recsvc.recommenders.live.own import Own, own_recommender


class Fits:
    """A recommender that changes with what a test asks of it."""

    model = "mine-1"
    promoted: Any = 7

    def __init__(self) -> None:
        self.answer: Any = None
        self.fails: Exception | None = None

    def knows(self, item_id: str) -> bool:
        return item_id == "a"

    def rank(self, profile: Any, n: int, *, incumbents: Any = (), without: Any = ()) -> Any:
        if self.fails is not None:
            raise self.fails
        return self.answer


def offered(ids: str, model: str = "mine-1", rung: str = "primary") -> Candidates:
    return Candidates.of(list(ids), np.arange(len(ids), 0, -1.0), rung=rung, model=model)


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Names a factory that makes something."""

    def name(made: Any) -> str:
        module = ModuleType("somebodys")
        module.__dict__["make"] = lambda: made
        monkeypatch.setitem(sys.modules, "somebodys", module)
        return "somebodys:make"

    return name


def test_what_fits_is_used_as_it_is(named: Any) -> None:
    fits = Fits()
    fits.answer = offered("abc")
    own = own_recommender(named(fits))
    assert (own.model, own.promoted, own.knows("a"), own.knows("b")) == ("mine-1", 7, True, False)
    assert own.rank(Profile(), 3) is fits.answer


def lacking(name: str) -> Any:
    fits = {"model": "m", "knows": Fits().knows, "rank": Fits().rank}
    del fits[name]
    return SimpleNamespace(**fits)


def answering(answer: Any) -> Fits:
    fits = Fits()
    fits.answer = answer
    return fits


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (None, "`model` must be a text"),
        (lacking("model"), "`model` must be a text"),
        (SimpleNamespace(model="", knows=len, rank=Fits().rank), "`model` must be a text"),
        (SimpleNamespace(model="a\nb", knows=len, rank=Fits().rank), "`model` must be a text"),
        (lacking("knows"), "no method `knows`"),
        (lacking("rank"), "no method `rank`"),
        (
            SimpleNamespace(model="m", knows=Fits().knows, rank=lambda profile, n: None),
            "`rank` takes other arguments: got an unexpected keyword argument 'incumbents'",
        ),
        (
            SimpleNamespace(model="m", knows=lambda: True, rank=Fits().rank),
            "`knows` takes other arguments: too many positional arguments",
        ),
        (answering(["a", "b"]), "rank gave list, neither Candidates nor None"),
        (answering(Candidates.of((1, 2), (1, 2), rung="primary", model="mine-1")), "no strings"),  # type: ignore[arg-type]
        (answering(offered("ab", model="other")), "its model is 'mine-1', but its candidates say"),
    ],
)
def test_what_does_not_fit_is_refused_at_the_start(named: Any, made: Any, told: str) -> None:
    with pytest.raises(Misconfigured, match="RECSVC_RECOMMENDER=somebodys:make") as error:
        own_recommender(named(made))
    assert told in error.value.detail
    assert "docs/own-recommender.md" in error.value.detail


@pytest.mark.parametrize(
    ("text", "name", "told"),
    [
        (None, "notthere:make", "no module 'notthere' where Python looks"),
        (None, "notthere.inside:make", "no module 'notthere'"),
        ("x = 1", "given:make", "nothing to call by the name 'make'"),
        ("make = 1", "given:make", "nothing to call by the name 'make'"),
        ("import notthere", "given:make", "importing it failed: No module named 'notthere'"),
        ("1 / 0", "given:make", "importing it failed: ZeroDivisionError"),
        ("def make(): 1 / 0", "given:make", "calling it failed: ZeroDivisionError"),
        ("def make(home): pass", "given:make", "calling it failed: TypeError"),
    ],
)
def test_a_name_that_leads_nowhere_is_told(
    text: str | None, name: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if text is not None:
        (tmp_path / "given.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "given", raising=False)
    with pytest.raises(Misconfigured) as error:
        own_recommender(name)
    sys.modules.pop("given", None)
    assert told in error.value.detail


def test_one_that_cannot_answer_at_the_start_is_used_with_a_warning(
    named: Any, caplog: pytest.LogCaptureFixture
) -> None:
    fits = Fits()
    fits.fails = ConnectionError("its server is away")
    with caplog.at_level(logging.WARNING):
        own = own_recommender(named(fits))
    assert "its server is away" in caplog.text
    fits.fails, fits.answer = None, offered("a")
    assert own.rank(Profile(), 1) is fits.answer


def test_more_than_was_asked_for_is_cut_to_the_best_and_the_incumbents() -> None:
    fits = Fits()
    fits.answer = offered("abcdefgh")
    found = Own(fits).rank(Profile(), 2, incumbents=("g", "x"))
    assert found is not None
    assert found.item_ids == ("a", "b", "g")
    assert found.scores.tolist() == [8.0, 7.0, 2.0]


def test_whatever_rung_it_says_it_is_the_primary() -> None:
    """Else its slates would count as degraded for good."""
    fits = Fits()
    fits.answer = offered("ab", rung="static")
    found = Own(fits).rank(Profile(), 2)
    assert found is not None
    assert found.rung == "primary"


def test_nonsense_is_an_error_which_the_ladder_takes_for_a_failure() -> None:
    fits = Fits()
    fits.answer = {"a": 1.0}
    with pytest.raises(TypeError, match="rank gave dict"):
        Own(fits).rank(Profile(), 2)


def test_a_model_that_cannot_be_told_keeps_its_last_name(caplog: pytest.LogCaptureFixture) -> None:
    class Moody(Fits):
        names: Any = iter(["one", "two", 3, ""])

        @property
        def model(self) -> Any:  # type: ignore[override]
            return next(self.names)

        def knows(self, item_id: str) -> bool:
            raise OSError("away")

    moody = Moody()
    moody.promoted = "yesterday"
    own = Own(moody)
    assert [own.model for _ in range(4)] == ["two", "two", "two", "two"]
    assert not own.knows("a")
    assert own.promoted == 0
