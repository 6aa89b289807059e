"""The ledger decided again: exact under the same knobs, true to the play under others, and silent
where it cannot know."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from itertools import groupby
from pathlib import Path

import pytest

from policies import PRESETS, Ask, Knobs
from recsvc.errors import BadInput
from recsvc.preparation.ledger import Entry, encode, entry_of
from recsvc.stores.sessions import SqliteSessions
from simulations.eras import Era, train_models
from simulations.forms import Model
from simulations.play import Look, Player
from simulations.scenario import Scenario
from simulations.shop import make_world
from simulations.study import Policy, told_of
from simulations.whatif import answer, other, what_if
from simulations.whatif_history import again, items_of

THEN = replace(PRESETS["fresh"], churn_limit=0.3, session_budget=None, hold_s=0.0)
OTHERS = {
    "calm": replace(THEN, churn_limit=0.1),
    "free": replace(THEN, churn_limit=1.0),
    "still": replace(THEN, churn_limit=0.2, max_shift=0),
    "frozen": replace(THEN, churn_limit=0.0, max_shift=0),
    "margin": replace(THEN, margin=1.0, seat_margin=0.1),
}
HELD = replace(THEN, hold_s=60.0)


@pytest.fixture(scope="module")
def world() -> Scenario:
    return make_world(7, users=300, items=200, days=30, test_days=6).scenario()


@pytest.fixture(scope="module")
def eras(world: Scenario, tmp_path_factory: pytest.TempPathFactory) -> list[Era]:
    home = tmp_path_factory.mktemp("models")
    return [one.era() for one in train_models(world, Model(), home, seed=1, say=lambda _: None)]


@pytest.fixture(scope="module")
def ledgers(world: Scenario, eras: list[Era]) -> dict[str, list[Entry]]:
    """What the service would have entered under each policy, over the same visits."""
    knobs = {"then": THEN, "held": HELD, **OTHERS}
    policies = [Policy(name, "grid", one) for name, one in knobs.items()]
    player = Player(policies, eras, world.shelf)
    found: dict[str, list[Entry]] = {name: [] for name in knobs}
    for _, visits in groupby(world.visits[:200], key=lambda visit: visit.user_id):
        for look in player.play(list(visits)):
            if not isinstance(look, Look):
                continue
            for name, turn in zip(knobs, look.turns, strict=True):
                visit = look.visit.visit_id
                entry = entry_of(turn, session_id=visit, surface="home", slate_id="s")
                if entry is not None:
                    found[name].append(entry)
    return found


def test_the_same_knobs_give_exactly_the_slates_of_the_ledger(
    ledgers: dict[str, list[Entry]],
) -> None:
    for name, knobs in {"then": THEN, "held": HELD, **OTHERS}.items():
        entries = ledgers[name]
        assert len(entries) > 300 or name == "frozen"
        for one in again(entries, knobs, knobs):
            assert one.would is not None
            assert one.would.state.epoch == one.entry.epoch
            assert items_of(one.would.state) == one.entry.items
            assert one.would.state.changes == one.entry.changes
        told = answer(entries, knobs, knobs)
        assert told.answered == told.same == told.decisions > 0
        assert told.then == told.would
        assert told.sooner == 0


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_answered_is_what_the_play_shows_under_those_knobs(
    name: str, ledgers: dict[str, list[Entry]]
) -> None:
    """Visitors of a play do what they do whatever is shown, so the truth is known."""
    truth = {(e.session_id, e.at): e for e in ledgers[name]}
    seen = Counter[str]()
    for one in again(ledgers["then"], THEN, OTHERS[name]):
        if one.would is None:
            seen["unknown"] += 1
            continue
        true = truth.get((one.entry.session_id, one.entry.at))
        if true is None:  # held under those knobs, so the slate stayed as it was
            assert one.before is not None
            assert items_of(one.would.state) == items_of(one.before)
            seen["held"] += 1
            continue
        assert items_of(one.would.state) == true.items
        assert one.would.state.displaced == true.displaced
        seen["same" if true.items == one.entry.items else "other"] += 1
    assert seen["other"] > 5, "the knobs made no difference"
    assert seen["unknown"] < len(ledgers["then"]) / 2, "hardly anything was answered"


def test_churn_is_told_on_the_same_decisions(ledgers: dict[str, list[Entry]]) -> None:
    entries = ledgers["then"]
    told = what_if(entries, THEN, {"calm": {"churn_limit": 0.1}, "as it was": {}})
    calm, same = told["answers"]
    assert told["not_of_these_knobs"] == 0
    steps = [e for e in entries if e.before is not None]
    moved = [e for e in steps if e.before is not None and e.before.epoch != e.epoch]
    by_hand = sum(e.displaced for e in moved) / sum(
        len(e.before.seats) for e in steps if e.before is not None
    )
    assert same["then"]["churn"] == same["would"]["churn"] == pytest.approx(by_hand, abs=1e-6)
    assert calm["would"]["churn"] < 0.8 * calm["then"]["churn"]
    assert calm["would"]["of_the_best"] < calm["then"]["of_the_best"]
    assert calm["answered"] + sum(calm["unanswered"].values()) == calm["decisions"]
    assert calm["decisions"] + calm["starts"] == told["entries"]


def parted(entries: list[Entry]) -> tuple[list[Entry], int, str, str]:
    """A visit whose slates part under calm knobs: its entries, the place of one that both slates
    come to differently, what only the slate of the ledger holds, and only the other one."""
    for _, visit in groupby(entries, key=lambda e: e.session_id):
        mine = list(visit)
        for number, one in enumerate(again(mine, THEN, OTHERS["calm"])):
            if one.before is None or one.entry.before is None or number + 1 == len(mine):
                continue
            ours, theirs = items_of(one.entry.before), items_of(one.before)
            if set(ours) != set(theirs):
                return mine, number, min(set(ours) - set(theirs)), min(set(theirs) - set(ours))
    raise AssertionError("no visit parts")


def test_what_the_log_cannot_tell_is_counted_by_its_cause(
    ledgers: dict[str, list[Entry]],
) -> None:
    visit, number, ours, theirs = parted(ledgers["then"])
    entry, after = visit[number], len(visit) - number - 1

    def causes(other: Entry) -> list[str | None]:
        changed = [*visit[:number], other, *visit[number + 1 :]]
        found = answer(changed, THEN, OTHERS["calm"])
        assert found.answered == number - found.starts
        assert found.unanswered["after"] == after
        return [one.cause for one in again(changed, THEN, OTHERS["calm"])][number:]

    facts = entry.facts
    taken = replace(entry, facts=replace(facts, gone={**facts.gone, ours: "consumed"}))
    assert causes(taken) == ["act", *["after"] * after]
    asked = replace(entry, facts=replace(facts, asks=(Ask("dismiss", ours),)))
    assert causes(asked) == ["act", *["after"] * after]
    assert entry.shortlist is not None
    kept = [n for n, item in enumerate(entry.shortlist.item_ids) if item != theirs]
    short = replace(
        entry.shortlist,
        item_ids=tuple(entry.shortlist.item_ids[n] for n in kept),
        scores=tuple(entry.shortlist.scores[n] for n in kept),
    )
    assert causes(replace(entry, shortlist=short)) == ["score", *["after"] * after]
    assert causes(replace(entry, shortlist=None)) == ["score", *["after"] * after]


def test_a_missing_entry_is_a_gap_and_what_follows_is_unknown(
    ledgers: dict[str, list[Entry]],
) -> None:
    by_visit = [list(es) for _, es in groupby(ledgers["then"], key=lambda e: e.session_id)]
    visit = next(
        es for es in by_visit if len(es) > 4 and es[2].items != es[1].items and es[1].before
    )
    del visit[2]
    causes = [one.cause for one in again(visit, THEN, THEN)]
    assert causes[:3] == [None, None, "gap"]
    assert set(causes[3:]) == {"after"}


def test_a_ledger_that_begins_in_the_middle_is_answered_from_there(
    ledgers: dict[str, list[Entry]],
) -> None:
    middle = [e for e in ledgers["then"] if e.before is not None]
    told = answer(middle, THEN, THEN)
    assert (told.starts, told.answered) == (0, len(middle))


def test_a_shorter_hold_is_told_to_have_come_too_late(ledgers: dict[str, list[Entry]]) -> None:
    """Answers in the hold are not entered: a shorter one would have decided at some of them."""
    told = answer(ledgers["held"], HELD, replace(HELD, hold_s=5.0))
    assert told.sooner > 20
    assert answer(ledgers["held"], HELD, replace(HELD, churn_limit=0.1)).sooner < told.sooner


def test_a_ledger_answers_for_the_knobs_that_it_knows_of_only() -> None:
    with pytest.raises(BadInput, match="cannot be told from a ledger") as told:
        other(Knobs(), {"k": 5, "hold_when": "true", "churn_limit": 0.1})
    assert {fault.field for fault in told.value.faults} == {"knobs.k", "knobs.hold_when"}
    with pytest.raises(BadInput, match="churn_limit"):
        other(Knobs(), {"churn_limit": 2.0})


def toml(value: object) -> str:
    return json.dumps("none" if value is None else value)


def what(*words: str, home: Path) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "recsvc", "what-if", "--home", str(home), *words]
    return subprocess.run(line, capture_output=True, text=True, timeout=60)


def test_the_command_reads_the_ledger_of_the_service(
    ledgers: dict[str, list[Entry]], tmp_path: Path
) -> None:
    store = SqliteSessions(tmp_path / "sessions.db")
    for number, entry in enumerate(ledgers["then"]):
        key, data = str(number), encode(entry)
        assert store.swap(key, b"", expected=None, expires=2.0, now=1.0, entry=data)
    (tmp_path / "surfaces.toml").write_text(
        "[surfaces.home]\n" + "".join(f"{k} = {toml(v)}\n" for k, v in told_of(THEN).items())
    )
    done = what(
        "--if", "churn_limit=0.1", "--if", "margin=1,seat_margin=0.1", "--json", home=tmp_path
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["entries"] == len(ledgers["then"])
    assert [one["knobs"] for one in told["answers"]] == [
        {"churn_limit": 0.1},
        {"margin": 1, "seat_margin": 0.1},
    ]
    assert told["not_of_these_knobs"] == 0
    mine = answer(ledgers["then"], THEN, OTHERS["calm"])
    assert told["answers"][0]["would"] == mine.would.told()
    assert told["slates"] == told["sessions"] == 200
    words = what("--if", "churn_limit=0.2,max_shift=0", home=tmp_path)
    assert "Not answered for churn_limit=0.2,max_shift=0" in words.stdout
    assert what("--if", "k=3", home=tmp_path).returncode == 1
    assert what("--if", "churn", home=tmp_path).returncode == 2


def test_an_empty_ledger_is_told(tmp_path: Path) -> None:
    done = what(home=tmp_path)
    assert done.returncode == 1
    assert "it is empty" in done.stderr
    assert "Traceback" not in done.stderr
