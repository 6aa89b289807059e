"""Guests keep a service busy, and a judge beside them who sees what a service does wrong."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from recsvc.app import create_app
from recsvc.bootstrap import build
from recsvc.cli import demo_shop, guests, witness
from recsvc.cli.demo_shop import Season
from recsvc.cli.guests import Guests, Send, over_http
from recsvc.cli.witness import Reply, Seen
from recsvc.config.settings import Settings
from recsvc.config.surfaces import DEFAULT, read_surfaces
from recsvc.data import Tables, read_tables
from recsvc.recommenders.artifacts import registry
from recsvc.recommenders.training.train import train
from simulations.scenario import Moment, Visit

PROJECT = Path(__file__).resolve().parents[3]
GUESTS = 40


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Season, Tables]:
    """A home as the demo makes it: tables, season, model."""
    home = tmp_path_factory.mktemp("demo")
    season = demo_shop.make(home)
    tables = read_tables(home / "data")
    folder = train(tables, model="als", home=home, seed=7, progress=lambda _: None, measure=False)
    registry.promote(home, folder.name)
    return home, season, tables


class Street:
    """A service and its guests in one process, on a clock that waiting moves on."""

    def __init__(self, home: Path, season: Season, spoil: Callable[[Send], Send] | None = None):
        self.now = 1_800_000_000.0
        service = build(Settings(home=home), clock=lambda: self.now)
        self.client: FlaskClient = create_app(service).test_client()
        self.sent: list[tuple[str, str, Reply]] = []
        self.told: list[str] = []
        self.guests = Guests(
            season.visits[-GUESTS:],  # late, when places are open that are closed at the cut
            read_surfaces(home, home),
            spoil(self.send) if spoil else self.send,
            closed=season.closed,
            withdrawn=service.catalogue.withdrawn,
            clock=lambda: self.now,
            wait=self.wait,
        )

    def send(self, method: str, path: str, body: Any) -> Reply:
        answer = self.client.open(path, method=method, json=body)
        self.now += 0.004  # what comes back later than it was asked for
        reply = Reply(answer.status_code, dict(answer.headers), answer.json)
        self.sent.append((method, path, reply))
        self.told += [event["item_id"] for event in (body or {}).get("events", ())]
        return reply

    def wait(self, seconds: float) -> bool:
        self.now += seconds
        return False

    def slates(self) -> list[dict[str, Any]]:
        return [reply.body for method, _, reply in self.sent if method == "GET"]


@pytest.fixture
def home(shop: tuple[Path, Season, Tables], tmp_path: Path) -> Path:
    """The shop's model, with stores of the test's own."""
    (tmp_path / "models").symlink_to(shop[0] / "models")
    # With more patience than the project's own: a primary that is late is another story.
    lines = (PROJECT / "surfaces.toml").read_text().splitlines()
    patient = [line + "\ndeadline_ms = 5000" * line.startswith("[surfaces.") for line in lines]
    (tmp_path / "surfaces.toml").write_text("\n".join(patient))
    return tmp_path


def test_guests_are_answered_and_the_judge_finds_nothing(
    shop: tuple[Path, Season, Tables], home: Path
) -> None:
    street = Street(home, shop[1])
    street.guests.close()
    seen = street.guests.play()
    assert seen.guests == GUESTS
    assert seen.answers == len(street.slates()) > 4 * GUESTS
    assert seen.changed > 0
    assert seen.unanswered == 0
    assert seen.violations == ()
    assert {slate["surface"] for slate in street.slates()} == {"home", "filters"}
    told = [reply.body for method, _, reply in street.sent if method == "POST"]
    assert len(told) > 2 * GUESTS
    assert {reply["accepted"] for reply in told} == {1}
    assert len(street.told) == len(told)
    assert set(street.told).isdisjoint(shop[1].closed)


@pytest.mark.parametrize("withdraw", [True, False])
def test_a_closed_stay_never_appears_and_would_if_nobody_withdrew_it(
    shop: tuple[Path, Season, Tables], home: Path, withdraw: bool
) -> None:
    street = Street(home, shop[1])
    if withdraw:
        street.guests.close()
    street.guests.play()
    shown = {item["item_id"] for slate in street.slates() for item in slate["items"]}
    assert len(shown) > 50
    assert shown.isdisjoint(shop[1].closed) is withdraw


def changes_on_reload(send: Send) -> Send:
    """Every answer turns the slate by one seat, and says nothing of it."""
    turns = iter(range(10**9))

    def spoilt(method: str, path: str, body: Any) -> Reply:
        reply = send(method, path, body)
        if method == "GET":
            items = reply.body["items"]
            at = next(turns) % len(items)
            turned = [{**i, "position": n} for n, i in enumerate(items[at:] + items[:at], 1)]
            return Reply(reply.status, reply.headers, reply.body | {"items": turned})
        return reply

    return spoilt


def shows_closed(send: Send) -> Send:
    """A withdrawal is taken note of, and forgotten."""

    def spoilt(method: str, path: str, body: Any) -> Reply:
        if "/items/" in path:
            return Reply(200, {}, {"item_id": path.rsplit("/", 1)[1], "available": False})
        return send(method, path, body)

    return spoilt


def answers_nonsense(send: Send) -> Send:
    """Slates without seats."""

    def spoilt(method: str, path: str, body: Any) -> Reply:
        reply = send(method, path, body)
        if method != "GET":
            return reply
        bare = {name: value for name, value in reply.body.items() if name != "items"}
        return Reply(200, {}, bare)

    return spoilt


@pytest.mark.parametrize(
    ("spoil", "clause"), [(changes_on_reload, "C1"), (shows_closed, "C6"), (answers_nonsense, "C6")]
)
def test_the_judge_sees_what_a_service_does_wrong(
    shop: tuple[Path, Season, Tables], home: Path, spoil: Callable[[Send], Send], clause: str
) -> None:
    street = Street(home, shop[1], spoil)
    street.guests.close()
    seen = street.guests.play()
    assert clause in {sentence[:2] for sentence in seen.violations}
    assert "found 0 violations" not in seen.lines()[0]
    assert 1 < len(seen.lines()) <= 6


def test_items_that_somebody_else_withdraws_and_brings_back_are_no_violation(
    shop: tuple[Path, Season, Tables], home: Path
) -> None:
    touched: list[str] = []

    def meddle(send: Send) -> Send:
        def meddling(method: str, path: str, body: Any) -> Reply:
            reply = send(method, path, body)
            if method == "GET" and len(street.slates()) % 10 == 0:
                item = reply.body["items"][0]["item_id"]
                street.client.put(f"/v1/items/{item}", json={"available": False})
                touched.append(item)
            elif method == "GET" and len(touched) > 2:
                street.client.put(f"/v1/items/{touched.pop(0)}", json={"available": True})
            return reply

        return meddling

    street = Street(home, shop[1], meddle)
    street.guests.close()
    seen = street.guests.play()
    gone = [c for slate in street.slates() for c in slate["changes"] if c["reason"] == "withdrawn"]
    assert gone != []
    assert seen.violations == ()


def visit(number: int, *at: float) -> Visit:
    return Visit(f"visit-{number}", f"user-{number}", tuple(Moment(each) for each in at))


def test_a_visit_keeps_its_pace_and_a_few_overlap_but_never_more() -> None:
    now = [0.0]
    asked: list[tuple[str, float]] = []

    def send(method: str, path: str, body: Any) -> Reply:
        if method == "GET":
            asked.append((path.split("session_id=")[1].split("&")[0], now[0]))
        return Reply(503)

    def wait(seconds: float) -> bool:
        now[0] += seconds
        return False

    # Looks at once, after 40 s and after 100 s.
    visits = [visit(number, 5000.0, 5040.0, 5100.0) for number in range(20)]
    Guests(visits, DEFAULT, send, clock=lambda: now[0], wait=wait).play()
    times: dict[str, list[float]] = {}
    for session, at in asked:
        times.setdefault(session, []).append(at)
    assert len(times) == 20
    begun = [own[0] for own in times.values()]
    assert begun[: guests.AT_ONCE] == [guests.EVERY_S * n for n in range(guests.AT_ONCE)]
    for own in times.values():
        assert [at - own[0] for at in own] == [0.0, 40.0, 100.0]
        there = [other for other in times.values() if other[0] <= own[0] < other[-1]]
        assert len(there) <= guests.AT_ONCE


def test_a_service_that_is_gone_stops_no_guest_and_is_told() -> None:
    free = over_http("http://127.0.0.1:1")
    now = [0.0]

    def wait(seconds: float) -> bool:
        now[0] += seconds
        return False

    seen = Guests([visit(1, 1.0, 2.0)], DEFAULT, free, clock=lambda: now[0], wait=wait).play()
    assert seen == Seen(1, 0, 0, 3, ())
    assert seen.lines()[0].endswith("3 requests got no answer.")


def test_guests_in_the_background_leave_as_soon_as_they_are_sent_home() -> None:
    asked = threading.Event()

    def send(method: str, path: str, body: Any) -> Reply:
        asked.set()
        return Reply(503)

    began = time.process_time()
    some = Guests([visit(n, 1.0, 5000.0) for n in range(20)], DEFAULT, send)
    some.start()
    assert asked.wait(5)
    time.sleep(0.5)
    left = time.monotonic()
    assert some.stop().guests == 1
    assert time.monotonic() - left < 1.0
    assert all(thread.name != "guests" for thread in threading.enumerate())
    # They wait; they do not turn in circles.
    assert time.process_time() - began < 0.25


def test_the_line_says_what_was_seen_in_plain_words() -> None:
    assert witness.Seen(12, 1143, 31, 0, ()).lines() == [
        "While it ran, 12 guests visited: 1,143 answers, 31 changed something, "
        "the judge found 0 violations."
    ]
    assert witness.Seen(1, 1, 0, 0, ("C1: no.",)).lines() == [
        "While it ran, 1 guest visited: 1 answer, 0 changed something, "
        "the judge found 1 violation.",
        "  C1: no.",
    ]
