"""`recsvc keys` as a person types it: a key is shown once, and its end is told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from recsvc.access.keys import FORM


def keys(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "recsvc", "keys", *words], cwd=cwd, capture_output=True, text=True
    )


def told(*words: str, cwd: Path) -> Any:
    done = keys(*words, "--json", cwd=cwd)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_key_is_shown_once_listed_by_its_tail_and_taken_back_for_good(tmp_path: Path) -> None:
    page = ("--kind", "publishable", "--name", "shop pages", "--origin", "https://Shop.example/")
    made = keys("create", *page, cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    text = made.stdout.strip()
    assert FORM.fullmatch(text)
    assert "not shown again" in made.stderr
    assert text not in made.stderr
    other = told("create", "--kind", "secret", "--owner", "shop-2", cwd=tmp_path)

    first, second = told("list", cwd=tmp_path)
    assert first["origins"] == ["https://shop.example"]
    assert (first["name"], first["tail"], first["revoked"]) == ("shop pages", text[-4:], None)
    assert (second["key_id"], second["owner"]) == (other["key_id"], "shop-2")
    for output in (keys("list", cwd=tmp_path).stdout, json.dumps([first, second])):
        assert text not in output
        assert other["key"] not in output
        assert f"…{text[-4:]}" in output or text[-4:] in output
    assert text.encode() not in (tmp_path / "var" / "records.db").read_bytes()

    ended = told("revoke", first["key_id"], cwd=tmp_path)
    assert ended["revoked"]
    assert told("revoke", first["key_id"], cwd=tmp_path) == ended
    assert [key["revoked"] for key in told("list", cwd=tmp_path)] == [ended["revoked"], None]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("create",), "--kind"),
        (("create", "--kind", "secret", "--origin", "https://x"), "for publishable keys"),
        (("create", "--kind", "publishable", "--origin", "shop.example"), "https://shop.example"),
        (("create", "--kind", "secret", "--owner", "A B"), "owner"),
        (("revoke", "key-0"), "recsvc keys list"),
    ],
)
def test_a_mistake_with_keys_ends_in_one_clear_message(
    words: tuple[str, ...], says: str, tmp_path: Path
) -> None:
    done = keys(*words, cwd=tmp_path)
    assert done.returncode != 0
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def findings(cwd: Path, **settings: str) -> dict[str, tuple[str, str]]:
    """What the doctor says of keys."""
    done = subprocess.run(
        [sys.executable, "-m", "recsvc", "doctor", "--json"],
        cwd=cwd, capture_output=True, text=True,
        env=os.environ | {f"RECSVC_{name.upper()}": value for name, value in settings.items()},
    )  # fmt: skip
    found = json.loads(done.stdout)
    return {one["name"]: (one["state"], one["says"]) for one in found if "model" not in one["name"]}


def test_the_doctor_finds_what_is_wrong_with_who_may_ask(tmp_path: Path) -> None:
    assert findings(tmp_path)["auth"] == ("ok", "open to this machine")
    state, says = findings(tmp_path, host="0.0.0.0")["auth"]
    assert (state, "recsvc keys create" in says) == ("wrong", True)
    state, says = findings(tmp_path, host="0.0.0.0", auth="open")["auth"]
    assert (state, "this machine only" in says) == ("wrong", True)

    ended = told("create", "--kind", "secret", cwd=tmp_path)
    told("revoke", ended["key_id"], cwd=tmp_path)
    assert findings(tmp_path, auth="keys")["auth"][0] == "wrong"

    page = told("create", "--kind", "publishable", cwd=tmp_path)
    anybody = told("create", "--kind", "publishable", "--origin", "*", cwd=tmp_path)
    good = told("create", "--kind", "publishable", "--origin", "https://x", cwd=tmp_path)
    signing = json.dumps({"main": ["x" * 32], "nobody": ["y" * 32]})
    found = findings(tmp_path, host="0.0.0.0", user_token_keys=signing)
    assert found["auth"][0] == "warning"  # of the owner without keys, told last
    assert "nobody" in found["auth"][1]
    said = {name.split()[1]: says for name, (state, says) in found.items() if "key-" in name}
    assert "no --origin" in said[page["key_id"]]
    assert "its origin is *" in said[anybody["key_id"]]
    assert good["key_id"] not in said
    unsigned = findings(tmp_path, auth="keys")
    assert any("cannot name users" in says for _, says in unsigned.values())
