"""The port over a loaded artifact: the right items, of one model, nothing that was ruled out."""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from policies.candidates import Candidates
from recsvc.data import tables_from_frames
from recsvc.ports import Profile, Recommender
from recsvc.recommenders.artifacts.artifact import Artifact, load
from recsvc.recommenders.live.profiles import MAX_WEIGHT
from recsvc.recommenders.live.serving import Personal, Popular, ladder
from recsvc.recommenders.training.train import train

Trained = Callable[..., Artifact]


def asked(recommender: Recommender, profile: Profile, n: int = 20, **more: object) -> Candidates:
    answer = recommender.rank(profile, n, **more)  # type: ignore[arg-type]
    assert answer is not None
    return answer


def scores_of(answer: Candidates) -> dict[str, float]:
    return dict(zip(answer.item_ids, answer.scores.tolist(), strict=True))


def parities(answer: Candidates, n: int) -> set[int]:
    return {int(item[1:]) % 2 for item in answer.item_ids[:n]}


def test_an_even_user_gets_the_even_item_that_is_missing(
    trained: Trained, personal_kind: str
) -> None:
    recommender = Personal(trained(personal_kind))
    answer = asked(recommender, Profile("u6"), without=recommender.history("u6", ()))
    assert answer.item_ids[0] == "i6"
    assert (answer.rung, answer.reason, answer.known_events) == ("primary", "for_you", 9)


@pytest.mark.parametrize("remainder", [0, 1])
def test_events_of_an_unknown_user_fold_in(
    trained: Trained, personal_kind: str, remainder: int
) -> None:
    recommender = Personal(trained(personal_kind))
    heard = tuple((f"i{item}", 1.0) for item in range(2 + remainder, 10 + remainder, 2))
    answer = asked(recommender, Profile("nobody", heard), without=["i0", *dict(heard)])
    assert parities(answer, 4) == {remainder}
    assert answer.known_events == 4


def test_new_events_change_what_a_known_user_gets(trained: Trained, personal_kind: str) -> None:
    recommender = Personal(trained(personal_kind))
    before = scores_of(asked(recommender, Profile("u6")))
    after = scores_of(asked(recommender, Profile("u6", (("i7", 1.0), ("i9", 1.0)))))
    assert after["i11"] > before["i11"]


def test_an_event_that_says_nothing_new_changes_nothing(
    trained: Trained, personal_kind: str
) -> None:
    """Bought again, of no weight, not a number, or an item that the model has never seen."""
    recommender = Personal(trained(personal_kind))
    heard = (("i8", 1.0), ("i8", 0.2), ("i7", 0.0), ("i7", -3.0), ("i7", math.nan), ("new", 1.0))
    plain, same = asked(recommender, Profile("u6")), asked(recommender, Profile("u6", heard))
    assert plain.item_ids == same.item_ids
    np.testing.assert_array_equal(plain.scores, same.scores)


def test_a_faint_event_does_not_weaken_what_was_learnt(
    trained: Trained, personal_kind: str
) -> None:
    recommender = Personal(trained(personal_kind))
    plain, same = (asked(recommender, Profile("u6", heard)) for heard in ((), (("i8", 0.2),)))
    np.testing.assert_array_equal(plain.scores, same.scores)


def test_an_absurd_weight_counts_as_the_largest_allowed(
    trained: Trained, personal_kind: str
) -> None:
    recommender = Personal(trained(personal_kind))
    absurd = asked(recommender, Profile(None, (("i7", 1e300),)))
    largest = asked(recommender, Profile(None, (("i7", MAX_WEIGHT),)))
    np.testing.assert_array_equal(absurd.scores, largest.scores)


@pytest.mark.parametrize("profile", [Profile(), Profile("nobody"), Profile(None, (("new", 1.0),))])
def test_of_whom_nothing_is_known_the_next_rung_is_asked(
    trained: Trained, personal_kind: str, profile: Profile
) -> None:
    assert Personal(trained(personal_kind)).rank(profile, 10) is None


def test_popularity_answers_everybody_alike(trained: Trained, kind: str) -> None:
    recommender = ladder(trained(kind))[-1]
    assert isinstance(recommender, Popular)
    stranger, known = asked(recommender, Profile()), asked(recommender, Profile("u3"))
    assert stranger.item_ids == known.item_ids
    assert stranger.item_ids[0] == "i0"
    assert scores_of(stranger)["i0"] == 20
    assert (stranger.rung, stranger.reason) == ("popularity", "popular")


def test_the_best_come_first_and_no_more_than_asked_for(trained: Trained, kind: str) -> None:
    for recommender in ladder(trained(kind)):
        answer = asked(recommender, Profile("u4"), n=7)
        everything = asked(recommender, Profile("u4"), n=1000)
        assert len(answer.item_ids) == 7
        assert len(everything.item_ids) == 20, "never padded"
        assert (np.diff(everything.scores) <= 0).all()
        assert answer.item_ids == everything.item_ids[:7]


def test_incumbents_are_scored_in_the_same_call_and_the_ruled_out_never(
    trained: Trained, kind: str
) -> None:
    for recommender in ladder(trained(kind)):
        full = scores_of(asked(recommender, Profile("u4")))
        best, second, third, *_, worst = full
        answer = asked(
            recommender,
            Profile("u4"),
            n=3,
            incumbents=[worst, best, third, "never heard of", worst],
            without=[second, best, "unknown too"],
        )
        assert worst in answer.item_ids
        assert not {best, second} & set(answer.item_ids)
        assert len(answer.item_ids) == 4
        assert scores_of(answer) == {item: full[item] for item in answer.item_ids}


def test_with_everything_ruled_out_nothing_is_offered(trained: Trained, kind: str) -> None:
    everything = [f"i{n}" for n in range(20)]
    for recommender in ladder(trained(kind)):
        assert asked(recommender, Profile("u4"), without=everything).item_ids == ()


def test_history_is_the_trained_row(trained: Trained, kind: str) -> None:
    for recommender in ladder(trained(kind)):
        assert set(recommender.history("u3", ("purchase",))) == {
            "i0",
            *(f"i{n}" for n in range(1, 20, 2)),
        } - {"i3"}
        assert recommender.history("nobody", ("purchase",)) == ()


def test_history_tells_types_of_events_apart(tmp_path: Path) -> None:
    rows = [("u1", "i0", "purchase"), ("u1", "i0", "view"), ("u1", "i7", "view")]
    rows += [("u2", "i5", "purchase"), ("u2", "i7", None)]
    frame = pd.DataFrame(rows, columns=["user_id", "item_id", "event"]).assign(timestamp=1)
    tables = tables_from_frames(frame)
    folder = train(tables, model="popularity", home=tmp_path, seed=0, progress=lambda _: None)
    for recommender in ladder(load(tmp_path, folder.name)):
        assert recommender.history("u1", ("purchase",)) == ("i0",)
        assert set(recommender.history("u1", ("view", "cart"))) == {"i0", "i7"}
        assert recommender.history("u1", ("cart",)) == ()
        assert recommender.history("u2", ("purchase", "view")) == ("i5",)


def test_known_are_the_items_of_the_data(trained: Trained, kind: str) -> None:
    for recommender in ladder(trained(kind)):
        assert recommender.knows("i3")
        assert not recommender.knows("i33")


def test_popularity_with_a_half_life_is_served_as_such_and_keeps_the_counts(home: Path) -> None:
    """Two people met "old" a day ago, one "new" just now."""
    events = [("a", "old", 0), ("b", "old", 0), ("a", "new", 86_400)]
    frame = pd.DataFrame(events, columns=["user_id", "item_id", "timestamp"])
    folder = train(
        tables_from_frames(frame),
        model="popularity",
        home=home,
        seed=0,
        progress=lambda _: None,
        parameters={"half_life_days": 0.5},
        measure=False,
    )
    artifact = load(home, folder.name)
    (recommender,) = ladder(artifact)
    assert scores_of(asked(recommender, Profile())) == {"new": 1.0, "old": 0.5}
    assert dict(zip(artifact.matrix.items.ids, artifact.popularity, strict=True)) == {
        "old": 2,
        "new": 1,
    }


def test_rungs_of_one_artifact_are_different_models(trained: Trained) -> None:
    """Their scores are of different units, so the names must not be equal."""
    artifact = trained("als")
    personal, popular = ladder(artifact)
    assert personal.model == artifact.model_id
    assert popular.model == f"popularity/{artifact.model_id}"


def test_the_items_behind_a_suggestion_are_the_persons_own_and_of_its_parity(
    trained: Trained, personal_kind: str
) -> None:
    recommender = Personal(trained(personal_kind))
    heard = (("i3", 1.0), ("i4", 1.0), ("i6", 1.0))
    answer = asked(recommender, Profile(None, heard), incumbents=["i19"], without=["i0"])
    assert answer.because
    for item, behind in answer.because.items():
        assert item in answer.item_ids
        assert 1 <= len(behind) <= 2
        assert set(behind) <= {"i3", "i4", "i6"} - {item}
    assert answer.because["i8"][0] in {"i4", "i6"}
    assert answer.because["i19"][0] == "i3"


def test_many_threads_get_what_one_gets(trained: Trained, personal_kind: str) -> None:
    recommender = Personal(trained(personal_kind))
    profiles = [Profile(f"u{n}", ((f"i{n % 7}", 1 + n / 10),)) for n in range(20)] * 20
    alone = [asked(recommender, profile) for profile in profiles]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda profile: asked(recommender, profile), profiles))
    for one, two in zip(alone, together, strict=True):
        assert one.item_ids == two.item_ids
        np.testing.assert_array_equal(one.scores, two.scores)
