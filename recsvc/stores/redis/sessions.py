"""Session state and the ledger in Redis or Valkey, one server or a cluster, shared by machines.

A session is one string: a header of 16 bytes and the data, which takes 232 bytes less than a hash.
Reading is one GET, writing one script that compares, writes and enters into the ledger, or does
nothing. A session's shard gives its key the hash tag; each shard has a ledger of its own.
"""

from __future__ import annotations

import logging
import secrets
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha1
from typing import Any, Final

from redis.exceptions import NoScriptError, TryAgainError

from recsvc.errors import BadInput
from recsvc.ports import LEDGER_KEPT, Stored
from recsvc.stores.redis.address import address_of
from recsvc.stores.redis.server import Word, WrongType
from recsvc.stores.redis.shards import SHARDS, TAGS, Cluster, OneServer, Shards

log = logging.getLogger(__name__)

SLACK_S: Final = 60.0
"""Seconds that a session outlives its time in Redis; by whose clock it is over, callers say."""
_LONGEST_S: Final = 10 * 366 * 86_400.0

# The first byte is the layout's number, so that what others wrote is not taken for a session; then
# 7 bytes of version, and the time at which the session is over.
_HEADER: Final = struct.Struct(">Qd")
_LAYOUT: Final = 0xA1
_VERSIONS: Final = 1 << 53
"""Versions are counted in what whole numbers of JSON hold."""


@dataclass(frozen=True)
class _Script:
    body: str
    sha: str


def _script(body: str) -> _Script:
    return _Script(body, sha1(body.encode()).hexdigest())


# KEYS: session and, with an entry, ledger. ARGV: the first 8 bytes expected ('' for none), now, the
# new value, its time to live (ms), and with an entry the ledger's bound and the entry. The time to
# live is a span and not a time, for Redis need not agree with the callers what time it is.
_SWAP: Final = _script("""
local head = redis.pcall('GETRANGE', KEYS[1], 0, 15)
local live = type(head) == 'string' and #head == 16 and head:byte(1) == 161
  and struct.unpack('>d', head, 9) > struct.unpack('>d', ARGV[2])
if ARGV[1] == '' then
  if live then return 0 end
elseif not live or head:sub(1, 8) ~= ARGV[1] then
  return 0
end
if KEYS[2] then
  local t = redis.call('TIME')
  local stamp = t[1] .. string.format('%06d', t[2])
  redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[5], '*', stamp, ARGV[6])
end
redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[4])
return 1
""")
# Ids and stamps of a ledger's latest entries, without the entries.
_STAMPS: Final = _script("""
local found = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', ARGV[1])
for i, one in ipairs(found) do found[i] = {one[1], one[2][1]} end
return found
""")


def open_sessions(url: str, *, connect_s: float, answer_s: float) -> RedisSessions:
    """The sessions at RECSVC_REDIS_URL; nothing is opened yet. Raises `Misconfigured`.

    `connect_s` and `answer_s` are the seconds to wait for a connection and for an answer.
    """
    address = address_of(url, connect_s=connect_s, answer_s=answer_s)
    return RedisSessions(Cluster(address) if address.seeds else OneServer(address))


class RedisSessions:
    """`recsvc.ports.SessionStore` on Redis. Every failure is an `Unavailable`.

    Safe across threads, processes and forks. `slack_s`: see SLACK_S.
    """

    def __init__(self, shards: Shards, *, slack_s: float = SLACK_S) -> None:
        self._shards = shards
        self._slack_s = slack_s
        self.foreign = 0
        """Values met under a session's key that are of no layout known; they were not used."""
        self.unledgered = 0
        """Decisions that the ledger lacks, for their slot was being moved."""

    @property
    def reachable(self) -> bool:
        """Whether the servers answered lately; false until one is found again."""
        return self._shards.reachable

    def load(self, key: str, now: float) -> Stored | None:
        """The session, or None when there is none or its time is over (`now`: epoch seconds)."""
        shard, name = _place(key)
        try:
            value = self._shards.ask(shard, "GET", name)
        except WrongType:
            value = b""
        if value is None:
            return None
        if len(value) < _HEADER.size or value[0] != _LAYOUT:
            self.foreign += 1
            log.warning("a stored session is of no layout known; it begins anew")
            return None
        head, expires = _HEADER.unpack_from(value)
        return Stored(value[_HEADER.size :], head - (_LAYOUT << 56)) if expires > now else None

    def swap(
        self,
        key: str,
        data: bytes,
        *,
        expected: int | None,
        expires: float,
        now: float,
        entry: bytes | None = None,
    ) -> bool:
        """Write, with the entry, if the version is still `expected` (None: nothing live there)."""
        shard, name = _place(key)
        if expected is None:
            # As in the other stores: one begun again never accepts what was read before.
            before, version = b"", secrets.randbits(52)
        elif 0 <= expected < 1 << 56:
            before, version = _head(expected), (expected + 1) % _VERSIONS
        else:
            return False
        value = _HEADER.pack(_LAYOUT << 56 | version, expires) + data
        lives_ms = round(min(max(expires - now, 0.0) + self._slack_s, _LONGEST_S) * 1000)
        given = (before, struct.pack(">d", now), value, max(1, lives_ms))
        if entry is not None:
            both, more = (name, _ledger(shard)), (*given, LEDGER_KEPT, entry)
            try:
                return bool(self._run(shard, _SWAP, both, more) == 1)
            except TryAgainError:
                # The cluster is moving the slot and has the two keys at different servers for now.
                # Better a decision that the ledger lacks than a visitor who is told to come back.
                self.unledgered += 1
        return bool(self._run(shard, _SWAP, (name,), given) == 1)

    def drop(self, key: str) -> None:
        """Forget a session."""
        shard, name = _place(key)
        self._shards.ask(shard, "DEL", name)

    def entries(self, limit: int) -> tuple[bytes, ...]:
        """The latest entries of the ledger, oldest first."""
        if limit <= 0:
            return ()
        found: list[tuple[int, bytes]] = []
        for shard in range(SHARDS):
            last = self._shards.ask(shard, "XREVRANGE", _ledger(shard), "+", "-", "COUNT", limit)
            found += [(int(stamp), entry) for _, (stamp, entry) in reversed(last)]
        return tuple(entry for _, entry in sorted(found, key=lambda one: one[0])[-limit:])

    def sweep(self, now: float) -> int:  # noqa: ARG002 (Redis looks at its own clock)
        """Remove old entries of the ledger; expired sessions remove themselves, so always 0."""
        lengths = [self._shards.ask(shard, "XLEN", _ledger(shard)) for shard in range(SHARDS)]
        if sum(lengths) > LEDGER_KEPT:
            self._trim()
        return 0

    def ready(self) -> None:
        """Raise `Unavailable` when a server cannot be read and written."""
        for shard in self._shards.one_of_each():
            name = f"recsvc:{{{TAGS[shard]}}}ready"
            self._shards.ask(shard, "SET", name, b"", "PX", 1000)
            self._shards.ask(shard, "GET", name)

    def close(self) -> None:
        """Close what is open; the next call opens again."""
        self._shards.close()

    def _trim(self) -> None:
        """Leave the latest LEDGER_KEPT entries of all shards together."""
        stamps: list[tuple[int, int, bytes]] = []
        for shard in range(SHARDS):
            for name, stamp in self._run(shard, _STAMPS, (_ledger(shard),), (LEDGER_KEPT,)):
                stamps.append((int(stamp), shard, name))
        kept = sorted(stamps, reverse=True)[:LEDGER_KEPT]
        oldest = {shard: name for _, shard, name in kept}
        for shard in {shard for _, shard, _ in stamps}:
            # Only what was seen may go: an entry written meanwhile is newer than all of it.
            bound = (
                ("MINID", oldest[shard]) if shard in oldest else ("MINID", _after(stamps, shard))
            )
            self._shards.ask(shard, "XTRIM", _ledger(shard), *bound)

    def _run(self, shard: int, script: _Script, keys: Sequence[Word], args: Sequence[Word]) -> Any:
        try:
            return self._shards.ask(shard, "EVALSHA", script.sha, len(keys), *keys, *args)
        except NoScriptError:
            # A server that is new or was started again; EVAL also teaches it the script.
            return self._shards.ask(shard, "EVAL", script.body, len(keys), *keys, *args)


def _place(key: str) -> tuple[int, bytes]:
    """The shard of a session, and its key there."""
    try:
        name = key.encode()
    except UnicodeEncodeError as error:
        raise BadInput("a text cannot be stored as it is") from error
    shard = zlib.crc32(name) % SHARDS
    return shard, b"recsvc:{%b}:%b" % (TAGS[shard].encode(), name)


def _ledger(shard: int) -> str:
    return f"recsvc:{{{TAGS[shard]}}}ledger"


def _head(version: int) -> bytes:
    return struct.pack(">Q", _LAYOUT << 56 | version)


def _after(stamps: list[tuple[int, int, bytes]], shard: int) -> str:
    """The id that follows the latest one seen of a shard."""
    latest = max(
        tuple(int(part) for part in name.split(b"-")) for _, of, name in stamps if of == shard
    )
    return f"{latest[0]}-{latest[1] + 1}"
