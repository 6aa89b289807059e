"""Keys that sign: from the settings, or one of the home's own."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from recsvc.config.settings import Settings, read_settings
from recsvc.config.signing import signing_keys
from recsvc.errors import Misconfigured

NEW, OLD = "n" * 32, "o" * 40


def test_keys_of_the_settings_count_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECSVC_SIGNING_KEYS", f"{NEW}, {OLD}")
    assert signing_keys(read_settings()) == (NEW.encode(), OLD.encode())


def test_a_file_of_settings_lists_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "c.toml").write_text(f'signing_keys = ["{NEW}", "{OLD}"]')
    monkeypatch.setenv("RECSVC_CONFIG", str(tmp_path / "c.toml"))
    assert signing_keys(read_settings()) == (NEW.encode(), OLD.encode())


def test_a_short_key_is_refused_and_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECSVC_SIGNING_KEYS", f"{NEW},hunter2")
    with pytest.raises(Misconfigured) as refused:
        read_settings()
    assert "signing_keys" in refused.value.detail
    assert "hunter2" not in refused.value.detail
    assert NEW not in refused.value.detail


def test_without_one_workers_that_start_at_once_share_a_key_only_the_owner_reads(
    tmp_path: Path,
) -> None:
    settings = Settings(home=tmp_path / "home")
    with ThreadPoolExecutor(16) as workers:
        keys = set(workers.map(lambda _: signing_keys(settings), range(64)))
    assert len(keys) == 1
    (key,) = keys.pop()
    assert len(key) == 32
    made = list((tmp_path / "home").iterdir())
    assert [path.name for path in made] == ["signing.key"]
    assert stat.S_IMODE(made[0].stat().st_mode) == 0o600
    assert signing_keys(settings) == (key,), "and it stays"


def test_a_home_that_cannot_be_written_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Misconfigured, match="RECSVC_SIGNING_KEYS"):
        signing_keys(Settings(home=tmp_path / "file" / "home"))


def test_a_key_that_was_cut_off_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "signing.key").write_bytes(b"short")
    with pytest.raises(Misconfigured, match="delete it"):
        signing_keys(Settings(home=tmp_path))
