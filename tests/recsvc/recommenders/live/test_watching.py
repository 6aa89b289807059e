"""What answers follows the latest promotion, and nothing that cannot be used ever answers."""

from __future__ import annotations

import gc
import logging
import shutil
import weakref
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from damage import SORTS, point, spoilt

from recsvc.data import Tables
from recsvc.errors import BadData, UnknownModel
from recsvc.ports import Profile
from recsvc.recommenders.artifacts.artifact import Artifact
from recsvc.recommenders.artifacts.registry import live_file, promote, promotion
from recsvc.recommenders.live.serving import ladder
from recsvc.recommenders.live.watching import Watch
from recsvc.recommenders.training.train import train


@pytest.fixture(scope="module")
def two(parity: Tables, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with two models, not to be written to."""
    home = tmp_path_factory.mktemp("two")
    for seed in (1, 2):
        few = {"factors": 2, "regularisation": 1.0}
        train(
            parity,
            model="als",
            home=home,
            seed=seed,
            parameters=few,
            measure=False,
            progress=lambda _: None,
        )
    return home


@pytest.fixture
def shop(two: Path, tmp_path: Path) -> tuple[Path, str, str]:
    """A home of the test's own, and its models, the first of which is live."""
    shutil.copytree(two, tmp_path / "shop")
    first, second = sorted(path.name for path in (two / "models").iterdir())
    promote(tmp_path / "shop", first)
    return tmp_path / "shop", first, second


def watch_of(home: Path) -> Watch[tuple[Artifact, int]]:
    return Watch(home, lambda artifact, number: (artifact, number))


def test_another_promotion_is_followed_and_the_same_one_is_not_loaded_again(
    shop: tuple[Path, str, str],
) -> None:
    home, first, second = shop
    watch = watch_of(home)
    before = watch.now
    assert before[0].model_id == first
    assert not watch.look()
    assert watch.now is before
    promote(home, second)
    assert watch.look()
    assert watch.now[0].model_id == second
    assert watch.now[1] > before[1]
    assert not watch.look()
    assert watch.swaps == 1


def test_a_rollback_is_the_later_promotion(shop: tuple[Path, str, str]) -> None:
    home, first, second = shop
    numbers = []
    for model in (second, first, first):
        promote(home, model, now=1000.0)
        numbers.append(promotion(home).number)
    assert numbers == sorted(set(numbers))
    watch = watch_of(home)
    promote(home, second)
    promote(home, first)
    number = watch.now[1]
    assert watch.look()
    assert (watch.now[0].model_id, watch.now[1] > number) == (first, True)


@pytest.mark.parametrize("sort", SORTS)
def test_what_cannot_be_used_is_refused_once_and_told_while_the_old_model_answers(
    shop: tuple[Path, str, str], sort: str, caplog: pytest.LogCaptureFixture
) -> None:
    home, first, second = shop
    watch = watch_of(home)
    before = watch.now
    bad = spoilt(home, second, sort)
    point(home, bad)
    with caplog.at_level(logging.WARNING, "recsvc"):
        for _ in range(5):
            assert not watch.look()
    assert watch.now is before
    assert watch.refused is not None
    assert watch.refused.model == bad
    assert bad in watch.refused.why
    assert watch.refusals == 1, "it is not loaded at every look"
    (line,) = [record.getMessage() for record in caplog.records]
    assert bad in line
    assert first in line
    assert "\n" not in line
    promote(home, second)
    assert watch.look()
    assert watch.refused is None


@pytest.mark.parametrize("text", ["", "\n", "../etc 1\n", "als x\n", "\ufffd", "a\0b 2"])
def test_a_damaged_pointer_changes_nothing(shop: tuple[Path, str, str], text: str) -> None:
    home, first, second = shop
    watch = watch_of(home)
    live_file(home).write_text(text)
    for _ in range(3):
        assert not watch.look()
    assert watch.now[0].model_id == first
    assert watch.refusals == 1
    live_file(home).unlink()
    assert not watch.look()
    promote(home, second)
    assert watch.look()


def test_a_pointer_without_a_number_still_counts(shop: tuple[Path, str, str]) -> None:
    home, _, second = shop
    watch = watch_of(home)
    live_file(home).write_text(f"{second}\n")
    assert watch.look()
    assert watch.now[1] == 0


def test_a_repaired_model_is_taken(shop: tuple[Path, str, str]) -> None:
    home, _, second = shop
    watch = watch_of(home)
    path = home / "models" / second / "item_factors.npy"
    good = path.read_bytes()
    path.unlink()
    point(home, second)
    watch.look()
    assert watch.refused is not None
    path.write_bytes(good)
    assert watch.look()
    assert watch.now[0].model_id == second
    assert watch.refused is None


def test_going_back_to_the_model_that_answers_ends_a_refusal(shop: tuple[Path, str, str]) -> None:
    home, first, second = shop
    watch = watch_of(home)
    point(home, spoilt(home, second, "NaN"))
    watch.look()
    promote(home, first)
    watch.look()
    assert watch.refused is None
    assert watch.now[0].model_id == first


def test_whatever_goes_wrong_while_it_is_made_ready_is_a_refusal(
    shop: tuple[Path, str, str],
) -> None:
    home, first, second = shop

    def ready(artifact: Artifact, number: int) -> str:
        if artifact.model_id == second:
            raise ZeroDivisionError("a model that cannot rank")
        return artifact.model_id

    watch = Watch(home, ready)
    promote(home, second)
    assert not watch.look()
    assert watch.now == first
    assert watch.refused is not None
    assert watch.refused.why == "ZeroDivisionError: a model that cannot rank"


def test_a_model_whose_folder_is_deleted_answers_on_from_memory(
    shop: tuple[Path, str, str],
) -> None:
    home, first, _ = shop
    watch = watch_of(home)
    rung = ladder(watch.now[0])[0]
    before = rung.rank(Profile("u3"), 5)
    shutil.rmtree(home / "models" / first)
    assert not watch.look()
    after = rung.rank(Profile("u3"), 5)
    assert before is not None
    assert after is not None
    assert after.item_ids == before.item_ids
    np.testing.assert_array_equal(after.scores, before.scores)


@pytest.fixture
def uncollected() -> Iterator[None]:
    """What only the collector of cycles frees stays: it may come much later."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def test_models_are_let_go_when_the_last_one_who_uses_them_has_ended(
    shop: tuple[Path, str, str], uncollected: None
) -> None:
    home, first, second = shop
    watch = watch_of(home)
    request = watch.now
    model = weakref.ref(request[0].model)
    for rung in ladder(request[0]):
        answer = rung.rank(Profile("u3", (("i5", 1.0),)), 5, incumbents=("i7",))
        assert answer is not None
        assert dict(answer.because) is not None
    del rung, answer
    promote(home, second)
    watch.look()
    assert f"/models/{first}/" in maps()
    assert model() is not None, "a request under way keeps what it began with"
    del request
    assert model() is None
    assert f"/models/{first}/" not in maps()
    bad = spoilt(home, first, "wrong shape")
    point(home, bad)
    watch.look()
    assert f"/models/{bad}/" not in maps(), "what was refused is let go, too"


def maps() -> str:
    return Path("/proc/self/maps").read_text()


def test_without_any_model_the_error_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(UnknownModel, match="recsvc train"):
        watch_of(tmp_path)


@pytest.mark.parametrize("sort", ["NaN", "missing file", "no folder"])
def test_who_starts_while_a_bad_one_is_live_answers_from_the_one_before(
    shop: tuple[Path, str, str], sort: str
) -> None:
    """A worker that died is started again; it must not end for what the others refuse."""
    home, first, second = shop
    bad = spoilt(home, second, sort)
    number = promotion(home).number
    point(home, bad)
    watch = watch_of(home)
    assert watch.now[0].model_id == first
    assert number <= watch.now[1] < promotion(home).number
    assert watch.refused is not None
    assert watch.refused.model == bad
    assert not watch.look()
    assert watch.refusals == 1
    promote(home, second)
    assert watch.look()
    assert watch.refused is None


def test_where_nothing_was_live_before_the_fault_is_told(shop: tuple[Path, str, str]) -> None:
    home, first, _ = shop
    (home / "models" / first / "item_factors.npy").unlink()
    with pytest.raises(BadData, match=r"item_factors\.npy is missing"):
        watch_of(home)
