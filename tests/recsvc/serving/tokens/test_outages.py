"""The promise goes on through the loss of the store, for a page that sends its tokens back."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from outages import Switched, Trouble, Visitor, wander

from policies import Decision, Knobs
from recsvc.serving import slates
from recsvc.serving.session import Session
from recsvc.serving.tokens import keeping, uniting
from recsvc.serving.tokens.signing import Signer
from recsvc.serving.tokens.told import Told

KNOBS = {"home": Knobs(k=5, hold_s=1.0, churn_limit=0.4), "side": Knobs(k=4, hold_s=20.0)}
KNOBS |= {"row": Knobs(k=6, hold_s=0.0, churn_limit=0.2)}


@pytest.fixture
def store() -> Switched:
    return Switched()


@pytest.fixture
def visitor(worlds: Any, store: Switched) -> Visitor:
    return Visitor(worlds(sessions=store, **KNOBS))


def shown(body: dict[str, Any]) -> list[str]:
    return [item["item_id"] for item in body["items"]]


def fault(body: dict[str, Any]) -> tuple[bool, str | None]:
    return body["served_by"]["degraded"], body["served_by"]["degraded_reason"]


def wandered(worlds: Any, seeds: range, turns: int = 60) -> tuple[Counter[str], Counter[str]]:
    """Violations by clause, and what was seen."""
    found, seen = Counter[str](), Counter[str]()
    for seed in seeds:
        store = Switched()
        visitor = Visitor(worlds(sessions=store, **KNOBS))
        seen += wander(visitor, store, seed, turns)
        found.update(one.clause for one in visitor.verdict())
        seen.update(visitor.judge.not_judged)
    return found, seen


def test_visits_through_outages_break_no_clause(worlds: Any) -> None:
    found, seen = wandered(worlds, range(60))
    assert found == Counter()
    assert seen["store_lost"] > 500, "the fault was there"
    assert seen["displaced"] > 200, "and life around it"
    assert seen["older_token_in_outage"] == 0


def ignored(_self: Signer, _text: str, _session: str, _now: float) -> Told | None:
    return None


def same_epoch(decision: Decision, _base: int, _shown: int) -> Decision:
    return decision


def forgotten(stored: Session, *_: object, **__: object) -> Any:
    return stored.dismissed


@pytest.mark.parametrize(
    ("where", "name", "bug"),
    [
        (Signer, "open", ignored),
        (uniting, "_dismissed", forgotten),
    ],
    ids=["tokens are ignored", "dismissals are lost"],
)
def test_the_judge_sees_what_goes_wrong_in_an_outage(
    worlds: Any, monkeypatch: pytest.MonkeyPatch, where: Any, name: str, bug: Any
) -> None:
    monkeypatch.setattr(where, name, bug)
    found, _ = wandered(worlds, range(60))
    assert found.total() > 0


def test_a_slate_stays_through_an_outage_and_after_it(visitor: Visitor, store: Switched) -> None:
    before = visitor.slate()
    store.trouble = "lost"
    during = visitor.slate()
    assert fault(during) == (True, "store_lost")
    assert (shown(during), during["epoch"]) == (shown(before), before["epoch"])
    assert during["changes"] == before["changes"]
    store.trouble = ""
    store.wipe()
    after = visitor.slate()
    assert fault(after) == (False, None)
    assert (shown(after), after["epoch"]) == (shown(before), before["epoch"])
    assert visitor.verdict() == []


def test_in_an_outage_nothing_is_chosen_and_what_is_gone_is_refilled(
    visitor: Visitor, store: Switched
) -> None:
    visitor.agree()
    before = visitor.slate()
    store.trouble = "lost"
    visitor.event("view", "item-k")
    visitor.world.pass_time(60)
    held = visitor.slate()
    assert (held["epoch"], held["consistency"]["trigger"]) == (before["epoch"], "degraded")
    visitor.item("item-b", available=False)
    refilled = visitor.slate()
    assert refilled["changes_from"] == before["epoch"] < refilled["epoch"]
    assert [change["reason"] for change in refilled["changes"]] == ["withdrawn", "refill"]
    assert shown(refilled)[0] == "item-a"
    store.trouble = ""
    visitor.world.pass_time(60)
    step = visitor.slate()
    assert step["consistency"]["cause"] == "event", "what was heard in the outage counts after it"
    assert visitor.verdict() == []


def test_acts_without_consent_live_in_the_token_through_an_outage(
    visitor: Visitor, store: Switched
) -> None:
    before = visitor.slate()
    other = visitor.slate("side")
    store.trouble = "lost"
    told = visitor.event("dismiss", "item-b")
    assert told["accepted"] == 1
    assert set(told["tokens"]) == {before["slate_id"], other["slate_id"]}
    assert "item-b" not in shown(visitor.slate())
    assert "item-b" not in shown(visitor.slate("side"))
    visitor.event("pin", "item-d")
    assert [i["item_id"] for i in visitor.slate()["items"] if i["pinned"]] == ["item-d"]
    store.trouble = ""
    store.wipe()
    after = visitor.slate()
    assert "item-b" not in shown(after)
    assert [i["item_id"] for i in after["items"] if i["pinned"]] == ["item-d"]
    visitor.event("undo")
    visitor.event("undo")
    visitor.slate()
    assert shown(visitor.slate()) == shown(before)
    assert visitor.verdict() == []


def test_an_act_that_is_sent_again_acts_once_also_after_the_outage(
    visitor: Visitor, store: Switched
) -> None:
    visitor.slate()
    visitor.event("dismiss", "item-b")
    visitor.event("dismiss", "item-c")
    visitor.slate()
    store.trouble = "lost"
    again = {"event_id": "once", "type": "undo", "session_id": "s", "surface": "home"}
    for trouble, new in (("lost", 1), ("lost", 0), ("", 0)):
        store.trouble = trouble  # type: ignore[assignment]
        batch = {"events": [again], "tokens": visitor.tokens}
        told = visitor.world.client.post("/v1/events", json=batch).json
        assert (told["accepted"], told["duplicate"]) == (new, 1 - new)
        visitor.tokens |= told["tokens"]
    assert "item-b" not in shown(visitor.slate())
    assert "item-c" in shown(visitor.slate())


def test_without_token_and_store_the_slate_begins_anew_and_says_so(
    visitor: Visitor, store: Switched
) -> None:
    before = visitor.slate()
    store.trouble = "lost"
    visitor.sends = False
    anew = visitor.slate()
    assert fault(anew) == (True, "store_lost")
    assert {change["reason"] for change in anew["changes"]} == {"session_start"}
    assert anew["epoch"] >= before["epoch"]
    store.trouble = ""
    assert shown(visitor.slate()) == shown(before)
    assert visitor.verdict() == []


def test_an_act_without_token_and_store_is_to_be_sent_again(
    visitor: Visitor, store: Switched
) -> None:
    visitor.slate()
    visitor.sends = False
    store.trouble = "lost"
    assert visitor.event("dismiss", "item-b")["status"] == 503
    store.trouble = ""
    visitor.event("dismiss", "item-b")
    assert "item-b" not in shown(visitor.slate())


@pytest.mark.parametrize("trouble", ["cannot be written", "written, but never told"])
def test_whether_a_write_was_carried_out_or_not_the_screen_stays(
    visitor: Visitor, store: Switched, trouble: Trouble
) -> None:
    visitor.agree()
    before = visitor.slate()
    visitor.event("view", "item-k")
    visitor.world.pass_time(60)
    store.trouble = trouble
    during = visitor.slate()
    assert (shown(during), fault(during)) == (shown(before), (True, "store_lost"))
    store.trouble = ""
    after = visitor.slate()
    assert after["consistency"]["trigger"] == "step"
    assert after["changes_from"] == during["epoch"]
    assert visitor.verdict() == []


def test_what_parted_is_united_with_all_dismissals_and_pins(
    visitor: Visitor, store: Switched
) -> None:
    """Another page of the session goes on in the store while this one goes on by its token."""
    visitor.slate()
    mine = dict(visitor.tokens)
    visitor.event("dismiss", "item-b")
    visitor.event("pin", "item-e")
    theirs = visitor.slate()
    store.trouble = "lost"
    visitor.tokens = mine
    visitor.event("dismiss", "item-c")
    ours = visitor.slate()
    store.trouble = ""
    visitor.world.pass_time(1)
    both = visitor.slate()
    assert both["epoch"] > max(ours["epoch"], theirs["epoch"])
    assert both["changes_from"] == ours["epoch"], "told to the page that asks"
    assert not {"item-b", "item-c"} & set(shown(both))
    assert [i["item_id"] for i in both["items"] if i["pinned"]] == ["item-e"]
    again = visitor.slate()
    assert (again["epoch"], shown(again)) == (both["epoch"], shown(both))


def parted(visitor: Visitor, store: Switched) -> tuple[dict[str, Any], ...]:
    """A step in the store, a pin by the token, and the slate that was united."""
    visitor.agree()
    visitor.slate()
    mine = dict(visitor.tokens)
    visitor.event("view", "item-k")
    visitor.world.pass_time(60)
    theirs = visitor.slate()
    assert theirs["consistency"]["displaced"] == 1
    visitor.world.pass_time(0.5)
    store.trouble = "lost"
    visitor.tokens = mine
    visitor.event("pin", "item-e")
    ours = visitor.slate()
    store.trouble = ""
    return theirs, ours, visitor.slate()


def test_the_content_is_what_the_page_shows_and_the_epoch_beyond_both(
    visitor: Visitor, store: Switched
) -> None:
    theirs, ours, both = parted(visitor, store)
    assert shown(both) == shown(ours) != shown(theirs)
    assert both["epoch"] == max(ours["epoch"], theirs["epoch"]) + 1
    assert (both["changes_from"], both["changes"]) == (ours["epoch"], [])
    assert visitor.verdict() == []


def test_an_epoch_that_is_not_raised_would_be_noticed(
    visitor: Visitor, store: Switched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slates, "follow", same_epoch)
    theirs, ours, both = parted(visitor, store)
    assert both["epoch"] == max(ours["epoch"], theirs["epoch"])


def test_two_pages_that_part_in_an_outage_are_united_after_it(
    visitor: Visitor, store: Switched
) -> None:
    visitor.slate()
    start = dict(visitor.tokens)
    store.trouble = "lost"
    ends = []
    for item in ("item-b", "item-d"):
        visitor.tokens = dict(start)
        visitor.event("dismiss", item)
        visitor.slate()
        ends.append(dict(visitor.tokens))
    store.trouble = ""
    for tokens in ends:
        visitor.tokens = tokens
        last = visitor.slate()
    assert not {"item-b", "item-d"} & set(shown(last))
    visitor.tokens = ends[0]
    assert shown(visitor.slate()) == shown(last), "a token is taken in once"


def test_a_token_that_the_store_has_overtaken_brings_nothing_back(
    visitor: Visitor, store: Switched
) -> None:
    visitor.slate()
    visitor.event("dismiss", "item-b")
    visitor.event("pin", "item-d")
    visitor.slate()
    old = dict(visitor.tokens)
    visitor.event("undo")
    visitor.event("undo")
    now = visitor.slate()
    visitor.tokens = old
    again = visitor.slate()
    assert (again["epoch"], again["items"]) == (now["epoch"], now["items"])


def test_a_held_answer_repeats_its_token_and_signs_nothing(
    visitor: Visitor, store: Switched, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = visitor.slate()["token"]
    monkeypatch.setattr(Signer, "sign", forbidden)
    monkeypatch.setattr(Signer, "open", forbidden)
    written = store.writes
    for _ in range(5):
        visitor.world.pass_time(10)
        assert visitor.slate()["token"] == token
    assert store.writes == written


def test_in_an_outage_too(
    visitor: Visitor, store: Switched, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = visitor.slate()["token"]
    store.trouble = "lost"
    monkeypatch.setattr(Signer, "sign", forbidden)
    assert visitor.slate()["token"] == token


def forbidden(*_: object) -> None:
    raise AssertionError("there was no need")


def test_a_page_that_keeps_coming_never_holds_a_token_that_is_over(
    visitor: Visitor, store: Switched
) -> None:
    first = visitor.slate()
    for _ in range(100):
        visitor.world.pass_time(50)
        visitor.slate()
    store.trouble = "lost"
    for _ in range(100):
        visitor.world.pass_time(50)
        last = visitor.slate()
    assert (last["epoch"], shown(last)) == (first["epoch"], shown(first))
    visitor.world.pass_time(3_000)
    assert visitor.slate()["consistency"]["trigger"] == "session_start"


def test_a_token_that_cannot_be_trusted_is_as_good_as_none(
    visitor: Visitor, store: Switched
) -> None:
    begun = visitor.slate()
    token = begun["token"]
    other = Visitor(visitor.world, session="t")
    foreign = other.slate()["token"]
    for wrong in (foreign, token[:-1], token[1:], "x" * 60_000, "x", "\x7f", "ü", token + "A"):
        for trouble in ("", "lost"):
            store.trouble = trouble  # type: ignore[assignment]
            query = {"session_id": "s", "token": wrong}
            answer = visitor.world.client.get("/v1/slates/home", query_string=query)
            assert answer.status_code == 200
            assert fault(answer.json) == (bool(trouble), "store_lost" if trouble else None)
            told = visitor.world.client.post(
                "/v1/events",
                json={
                    "events": [
                        {"event_id": wrong[:9], "type": "refresh", "session_id": "s"}
                        | {"surface": "home"}
                    ],
                    "tokens": {"sl": wrong},
                },
            )
            assert told.status_code < 500 or (trouble and told.status_code == 503)


def test_a_token_opens_no_other_slate_of_the_session(visitor: Visitor, store: Switched) -> None:
    home = visitor.slate()
    store.trouble = "lost"
    visitor.event("dismiss", "item-b")
    side = visitor.slate("side")
    assert side["slate_id"] != home["slate_id"]
    assert side["consistency"]["trigger"] == "session_start"
    assert "item-b" not in shown(side), "but tells what was dismissed"


def test_after_a_logout_no_token_brings_the_session_back(visitor: Visitor, store: Switched) -> None:
    visitor.world.user_agrees("u")
    visitor.slate(user_id="u")
    visitor.event("dismiss", "item-b", user_id="u")
    visitor.slate(user_id="u")
    assert visitor.world.client.post("/v1/sessions/s/logout").status_code == 200
    anew = visitor.slate()
    assert {change["reason"] for change in anew["changes"]} == {"session_start"}
    assert "item-b" in shown(anew)


def test_consent_goes_on_by_the_token_and_is_not_given_again_once_taken_back(
    visitor: Visitor, store: Switched
) -> None:
    visitor.agree()
    visitor.slate()
    store.trouble = "lost"
    assert visitor.event("view", "item-k")["accepted"] == 1
    store.trouble = ""
    visitor.slate()
    assert visitor.agree(yes=False) == 200
    store.wipe()
    visitor.slate()
    told = visitor.event("view", "item-m")
    assert [one["reason"] for one in told["discarded"]] == ["no_consent"]


def test_a_session_of_another_user_is_not_opened_by_a_token(
    visitor: Visitor, store: Switched
) -> None:
    visitor.slate(user_id="u")
    store.trouble = "lost"
    headers = {"X-Recsvc-Token": next(iter(visitor.tokens.values()))}
    answer = visitor.world.client.get("/v1/slates/home?session_id=s&user_id=v", headers=headers)
    assert answer.status_code == 409


def test_tokens_of_this_process_are_no_other_ones() -> None:
    assert keeping.Tokens.of_this_process() != keeping.Tokens.of_this_process()
