"""What was acknowledged survives the worst end of a process."""

from __future__ import annotations

import threading
from pathlib import Path

from visiting import Client
from workers import Workers

from recsvc.stores.records import open_records


def view(session: str, number: int, item: str) -> dict[str, str]:
    return {
        "event_id": f"{session}-{number}",
        "type": "view",
        "session_id": session,
        "surface": "home",
        "item_id": item,
    }


def test_after_kill_9_the_slate_is_the_same_and_no_acknowledged_event_is_lost(
    service: Workers,
) -> None:
    client = Client(service.url)
    client.consent("sessions", "s")
    first = client.slate("home", "s")
    items = [item["item_id"] for item in first["items"]]
    client.events({**view("s", 0, items[1]), "type": "dismiss"})
    before = client.slate("home", "s")

    acknowledged: list[str] = []
    go_on = threading.Event()

    def report(session: str) -> None:
        own = Client(service.url)
        own.consent("sessions", session)
        try:
            for number in range(100_000):
                own.events(view(session, number, items[0]))
                acknowledged.append(f"{session}-{number}")
                if len(acknowledged) > 60:
                    go_on.set()
        except OSError:
            return  # the service was killed in the middle of this one

    reporters = [threading.Thread(target=report, args=(f"r{n}",)) for n in range(4)]
    for reporter in reporters:
        reporter.start()
    assert go_on.wait(30)
    service.kill()
    for reporter in reporters:
        reporter.join(30)

    service.start()
    client = Client(service.url)
    after = client.slate("home", "s")
    assert after["items"] == before["items"]
    assert after["epoch"] == before["epoch"]
    assert items[1] not in [item["item_id"] for item in after["items"]]
    records = open_records(f"sqlite:///{service.home / 'records.db'}")
    kept = {
        event.event_id
        for n in range(4)
        for event in records.events.of_session(f"r{n}", limit=100_000)
    }
    records.close()
    assert len(acknowledged) > 60
    assert set(acknowledged) <= kept


def test_workers_of_a_killed_supervisor_let_go_of_the_port(service: Workers) -> None:
    service.kill_supervisor()
    service.start()
    assert Client(service.url).slate("home", "s")["items"]


def test_ctrl_c_stops_cleanly_and_at_once(home: Path) -> None:
    service = Workers(home)
    service.start()
    Client(service.url).slate("home", "s")
    assert service.stop() == 0
    assert "Traceback" not in service.log.read_text()
