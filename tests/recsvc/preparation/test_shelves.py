"""The index of attributes is, at any moment, what looking through all items would give."""

from __future__ import annotations

import random
from collections.abc import Mapping

from recsvc.config.filters import Filter
from recsvc.ports import Item
from recsvc.preparation.eligibility import Gone
from recsvc.preparation.shelves import Shelves, Value
from recsvc.stores.memory import MemoryCatalogue

KNOWN = [f"i{n}" for n in range(30)]
FILTERS = (Filter("to", "city"), Filter("size", "size"))
TABLE: Mapping[str, Mapping[str, Value]] = {
    "city": {item: ("Porto", "Rome", "Oslo")[n % 3] for n, item in enumerate(KNOWN[:20])},
    "size": {item: n % 4 for n, item in enumerate(KNOWN[5:])},
}


def looked_through(put: Mapping[str, Item], context: Mapping[str, str]) -> set[str]:
    """Item by item."""

    def matches(item: str, attribute: str, said: str) -> bool:
        own = put[item].attributes if item in put else {}
        value = own.get(attribute, TABLE[attribute].get(item))
        return value == said or (isinstance(value, int) and str(value) == said)

    wanted = [(f.attribute, context[f.name]) for f in FILTERS if f.name in context]
    return {item for item in {*KNOWN, *put} if all(matches(item, *one) for one in wanted)}


def test_it_follows_every_change_of_the_catalogue() -> None:
    dice = random.Random(3)
    catalogue, put = MemoryCatalogue(), dict[str, Item]()
    shelves = Shelves(lambda name: TABLE[name], catalogue.changed_since, KNOWN)
    for _ in range(300):
        for _ in range(dice.randint(0, 3)):
            item = dice.choice([*KNOWN, "new-1", "new-2"])
            attributes: dict[str, Value] = {}
            if dice.random() < 0.6:
                attributes["city"] = dice.choice(["Porto", "Rome", "Nice"])
            if dice.random() < 0.6:
                attributes["size"] = dice.randint(0, 5)
            put[item] = Item(item, attributes=attributes)
            catalogue.put(put[item])
        context = {"to": dice.choice(["Porto", "Nice"]), "size": dice.choice("0123")}
        if dice.random() < 0.5:
            context.pop(dice.choice(["to", "size"]))
        outside = shelves.outside(FILTERS, context)
        assert outside is not None
        assert outside.matching == looked_through(put, context)
        assert set(outside) == {*KNOWN, *put} - outside.matching


def test_the_same_question_has_the_same_set_until_something_changes() -> None:
    catalogue = MemoryCatalogue()
    shelves = Shelves(lambda name: TABLE[name], catalogue.changed_since, KNOWN)
    first = shelves.outside(FILTERS, {"to": "Porto"})
    again = shelves.outside(FILTERS, {"to": "Porto"})
    assert first is not None
    assert again is not None
    assert again.matching is first.matching
    catalogue.put(Item("i0", attributes={"city": "Rome"}))
    after = shelves.outside(FILTERS, {"to": "Porto"})
    assert after is not None
    assert first.matching - after.matching == {"i0"}


def test_a_catalogue_that_was_replaced_is_read_anew() -> None:
    books = [MemoryCatalogue(), MemoryCatalogue()]
    for _ in range(3):
        books[0].put(Item("i0", attributes={"city": "Nice"}))
    books[1].put(Item("i1", attributes={"city": "Nice"}))
    shelves = Shelves(lambda name: TABLE[name], lambda since: books[0].changed_since(since), KNOWN)
    shelves.prepare(FILTERS)
    for expected in ({"i0"}, {"i1"}):
        found = shelves.outside(FILTERS, {"to": "Nice"})
        assert found is not None
        assert found.matching == expected
        del books[0]
        books.append(books[0])


def test_what_is_gone_can_be_asked_for_and_counted_beside_a_filter() -> None:
    shelves = Shelves(lambda name: TABLE[name], MemoryCatalogue().changed_since, KNOWN)
    outside = shelves.outside(FILTERS, {"to": "Porto"}, ["stranger"])
    gone = Gone(withdrawn=frozenset(["i0", "i1"]), outside=outside)
    assert gone
    assert (gone["i0"], gone["i1"], gone["i2"]) == ("withdrawn", "withdrawn", "excluded")
    assert gone["stranger"] == "excluded"
    assert gone.get("i3") is None
    assert gone.among({"i0", "i2", "i3"}) == {"i0": "withdrawn", "i2": "excluded"}
    porto = {item for item, city in TABLE["city"].items() if city == "Porto"}
    assert set(gone) == {*KNOWN, "stranger"} - porto | {"i0", "i1"}
    assert len(gone) == len(set(gone))
    assert {item: gone[item] for item in gone} == dict(gone.items())
