"""Neighbours of a session: what people met who met the same; of one's own history nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from policies.candidates import Candidates
from recsvc.data import tables_from_frames
from recsvc.ports import Profile
from recsvc.recommenders.artifacts.artifact import Artifact, load
from recsvc.recommenders.live import related
from recsvc.recommenders.live.related import Related, by_subject
from recsvc.recommenders.training.train import train

Trained = Callable[..., Artifact]


def asked(recommender: Related, *items: str, n: int = 20, **more: object) -> Candidates:
    heard = tuple((item, 1.0) for item in items)
    answer = recommender.rank(Profile(events=heard), n, **more)  # type: ignore[arg-type]
    assert answer is not None
    return answer


@pytest.mark.parametrize("item", ["i4", "i7"])
def test_what_goes_with_an_item_is_of_its_parity(trained: Trained, kind: str, item: str) -> None:
    answer = asked(Related(trained(kind)), item, without=["i0", item])
    parity = int(item[1:]) % 2
    assert {int(found[1:]) % 2 for found in answer.item_ids[:8]} == {parity}
    assert (answer.rung, answer.known_events) == ("neighbours", 1)
    assert answer.model.startswith("neighbours/")
    assert set(answer.because[answer.item_ids[0]]) == {item}


def test_scores_are_cosines_summed_by_weight_while_everybody_is_looked_at(
    trained: Trained,
) -> None:
    artifact = trained("als")
    dense = artifact.matrix.rows.toarray().astype(float)
    lengths = np.sqrt((dense**2).sum(0))
    cosine = dense.T @ dense / np.outer(lengths, lengths)
    np.fill_diagonal(cosine, 0)
    index, ids = artifact.matrix.items.index, artifact.matrix.items.ids
    expected = 2.0 * cosine[index["i3"]] + cosine[index["i8"]]
    answer = Related(artifact).rank(Profile(events=(("i3", 2.0), ("i8", 1.0))), 20)
    assert answer is not None
    scores = dict(zip(answer.item_ids, answer.scores.tolist(), strict=True))
    near = [item for item in ids if expected[index[item]] > 0]
    assert len(near) >= 18
    assert [scores[item] for item in near] == pytest.approx([expected[index[i]] for i in near])
    assert max(score for item, score in scores.items() if item not in near) < min(
        scores[item] for item in near
    )
    assert answer.item_ids[0] == ids[int(expected.argmax())]


def test_the_history_of_a_known_user_is_not_used(trained: Trained) -> None:
    recommender = Related(trained("als"))
    known = recommender.rank(Profile("u3", (("i4", 1.0),)), 20)
    unknown = asked(recommender, "i4")
    assert known is not None
    assert known.item_ids == unknown.item_ids
    np.testing.assert_array_equal(known.scores, unknown.scores)
    assert recommender.rank(Profile("u3"), 20) is None


@pytest.mark.parametrize("profile", [Profile(), Profile("u1"), Profile(None, (("new", 1.0),))])
def test_of_a_session_that_says_nothing_nothing_is_said(trained: Trained, profile: Profile) -> None:
    assert Related(trained("als")).rank(profile, 10) is None


@pytest.fixture
def island(tmp_path: Path) -> Artifact:
    """Two circles of people who share nothing; `z` is most popular, and `lone` was met alone."""
    pairs = [(f"a{n}", item) for n in range(30) for item in ("p", "q", "r")][: 3 * 30 - 2]
    pairs += [(f"b{n}", item) for n in range(50) for item in ("y", "z")][:99]
    pairs += [("c", "lone")]
    frame = pd.DataFrame(pairs, columns=["user_id", "item_id"]).assign(timestamp=range(len(pairs)))
    folder = train(
        tables_from_frames(frame),
        model="popularity",
        home=tmp_path,
        seed=0,
        progress=lambda _: None,
        measure=False,
    )
    return load(tmp_path, folder.name)


def test_what_is_near_to_nothing_comes_below_the_most_popular_first(island: Artifact) -> None:
    answer = asked(Related(island), "p", incumbents=["lone"], without=["p"])
    assert answer.item_ids[:2] == ("q", "r")
    assert answer.item_ids[2:] == ("y", "z", "lone")
    assert "y" not in answer.because
    assert Related(island).rank(Profile(events=(("lone", 1.0),)), 5) is None


def test_of_many_people_the_latest_are_counted_and_their_number_scaled_up(
    island: Artifact, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = dict(
        zip(asked(Related(island), "p").item_ids, asked(Related(island), "p").scores, strict=True)
    )
    monkeypatch.setattr(related, "PEOPLE", 10)
    few = asked(Related(island), "p")
    monkeypatch.setattr(related, "PEOPLE", 200)
    monkeypatch.setattr(related, "MEETINGS", 30)
    short = asked(Related(island), "p")
    for answer in (few, short):
        scores = dict(zip(answer.item_ids, answer.scores, strict=True))
        assert scores["q"] == pytest.approx(full["q"], rel=0.15)
    # a29 alone met neither q nor r; among ten people that weighs more than among thirty.
    assert dict(zip(few.item_ids, few.scores, strict=True))["q"] < full["q"]


def test_only_the_latest_items_of_a_session_count(
    trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(related, "LATEST", 2)
    recommender = Related(trained("als"))
    short, long = asked(recommender, "i4", "i6"), asked(recommender, "i3", "i5", "i4", "i6")
    assert short.item_ids == long.item_ids
    np.testing.assert_array_equal(short.scores, long.scores)


def test_slates_about_an_item_are_for_the_neighbours_unless_the_model_knows_items(
    trained: Trained,
) -> None:
    rungs = {kind: by_subject(trained(kind)) for kind in ("als", "cosine", "popularity")}
    assert rungs == {"als": "neighbours", "cosine": "primary", "popularity": "neighbours"}
