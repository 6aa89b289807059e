"""What the page on rules shows can be used as it stands, and nothing of them is left out."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from recsvc.config.surfaces import parse_surfaces
from recsvc.rules import compiled
from recsvc.rules.conditions import OPERATORS
from recsvc.rules.names import METHODS
from recsvc.rules.rule import LENGTH_AT_MOST
from recsvc.rules.scan import DEPTH_AT_MOST

TEXT = (Path(__file__).resolve().parents[3] / "docs" / "rules.md").read_text()
BLOCKS = re.findall(r"^```toml\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS)
def test_every_example_is_taken_as_it_stands(block: str) -> None:
    surfaces = parse_surfaces(tomllib.loads(block), "docs/rules.md")
    assert all(one.knobs.hold_when for one in surfaces.by_name.values())


def test_every_rule_in_the_text_can_be_saved() -> None:
    told = re.findall(r"`((?:context|session|user|local|request|!?has)[.(\[][^`\n]*)`", TEXT)
    rules = [rule.replace("\\|", "|") for rule in told if "NAME" not in rule]
    rules = [rule for rule in rules if re.search(r"==|!=|[<>]| in |With|has\(", rule)]
    assert len(rules) >= 15
    for rule in rules:
        compiled(rule)


def test_every_operator_and_method_is_in_the_docs_and_so_are_the_bounds() -> None:
    assert [name for name in OPERATORS if f"`{name}`" not in TEXT] == []
    assert [name for name in METHODS if f".{name}(" not in TEXT] == []
    assert f"at most {LENGTH_AT_MOST} characters" in TEXT
    assert f"at most {DEPTH_AT_MOST} deep" in TEXT
