"""The composition root: the only module that names concrete adapters."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from policies import certain
from recsvc.access.access import Access
from recsvc.access.keyring import Keyring
from recsvc.access.limits import Limit
from recsvc.access.names import IssuedIds, retired
from recsvc.access.users import UserTokens
from recsvc.config.settings import Settings
from recsvc.config.signing import signing_keys
from recsvc.config.surfaces import Surfaces, read_surfaces
from recsvc.errors import BadData, Misconfigured
from recsvc.ports import Catalogue, KeyBook, Profile, Recommender, SessionStore
from recsvc.preparation.ladder import Ladder
from recsvc.preparation.ruling import RuleFailures
from recsvc.preparation.shelves import Shelves, Value
from recsvc.preparation.turn import Preparation
from recsvc.recommenders.artifacts.artifact import Artifact
from recsvc.recommenders.live.own import Own, own_recommender
from recsvc.recommenders.live.related import Related, by_subject
from recsvc.recommenders.live.serving import ladder
from recsvc.recommenders.live.titles import titles_of
from recsvc.recommenders.live.watching import Refusal, Watch
from recsvc.serving.checking import EventCheck
from recsvc.serving.consenting import Consenting, said_in
from recsvc.serving.hearing import Hearing
from recsvc.serving.identity import Identity
from recsvc.serving.memory import Memory
from recsvc.serving.slates import Slates
from recsvc.serving.tokens.keeping import Tokens
from recsvc.serving.tokens.signing import Signer
from recsvc.stores.records import Records, open_records
from recsvc.stores.sessions import SqliteSessions

if TYPE_CHECKING:
    from recsvc.stores.redis.sessions import RedisSessions

PRIMARY_THREADS = 4
"""Calls of the primary recommender at once in one worker; more wait within their deadline."""

HISTORIES_KEPT = 4096
"""Users whose history in the training data a worker keeps at hand; the artifact never changes."""


@dataclass(frozen=True)
class Live:
    """What answers slates now, all of one model; replaced as a whole by another one."""

    model: str
    slates: Slates


@dataclass(frozen=True)
class Service:
    """Everything the doors need. Each request takes `live()` once, and keeps to it.

    `look` takes up the model that was promoted last, if there is another one; `refused` tells the
    promotion that could not be followed.
    """

    live: Callable[[], Live]
    hearing: Hearing
    consenting: Consenting
    identity: Identity
    access: Access
    catalogue: Catalogue
    sessions: SessionStore
    clock: Callable[[], float]
    max_body_bytes: int
    checks: Mapping[str, Callable[[], None]]
    look: Callable[[], object] = lambda: None
    refused: Callable[[], Refusal | None] = lambda: None

    @property
    def slates(self) -> Slates:
        """What answers now."""
        return self.live().slates


def build(
    settings: Settings,
    *,
    clock: Callable[[], float] = time.time,
    sessions: SessionStore | None = None,
    records: Records | None = None,
) -> Service:
    """The service of these settings. Raises `UnknownModel`, `BadData`, `Misconfigured`.

    `sessions` and `records` replace the embedded stores, in memory for example.
    """
    home = settings.home
    if home.exists() and not home.is_dir():
        raise Misconfigured(f"{home} is a file, not a folder; set RECSVC_HOME to a folder.")
    surfaces = read_surfaces(home, Path.cwd())
    if any(s.knobs.seat_weights == "dcg" for s in surfaces.by_name.values()):
        # Its import takes an eighth of a second, which no visitor should wait for.
        certain.solver()
    sessions = sessions or sessions_of(settings)
    records = records or open_records(f"sqlite:///{(home / 'records.db').resolve()}")
    tokens = Tokens(Signer(signing_keys(settings)))
    ttl_s = max(s.knobs.session_ttl_s for s in surfaces.by_name.values())
    failures = RuleFailures()
    memory = Memory(
        sessions, ttl_s, tokens, lambda session: records.people.consent(said_in(session))
    )
    pool = ThreadPoolExecutor(PRIMARY_THREADS, "primary")  # one for all models that follow
    own = None if settings.recommender is None else own_recommender(settings.recommender)

    def live(artifact: Artifact, number: int) -> Live:
        rungs = _ladder(artifact, number, pool, own)
        preparation = Preparation(
            events=records.events,
            dismissals=records.people.dismissals,
            withdrawn=lambda _: records.catalogue.withdrawn(),
            ladder=rungs,
            weights=settings.event_weights,
            trained_until=artifact.manifest.last,
            zone=settings.zone,
            failures=failures,
            carried=records.people.carried,
            outside=_shelves(artifact, records.catalogue, surfaces).outside,
        )
        slates = Slates(
            surfaces=surfaces,
            memory=memory,
            preparation=preparation,
            people=records.people,
            catalogue=records.catalogue,
            titles=titles_of(artifact),
            clock=clock,
            new_id=lambda: secrets.token_urlsafe(18),
        )
        return Live(artifact.model_id, slates)

    watch = Watch(home, live)

    def known(item_id: str) -> bool:
        rungs = watch.now.slates.preparation.ladder
        return rungs.knows(item_id) or bool(records.catalogue.describe([item_id]))

    return Service(
        live=lambda: watch.now,
        hearing=Hearing(
            surfaces=surfaces,
            memory=memory,
            events=records.events,
            people=records.people,
            check=EventCheck(surfaces, settings.event_weights, known),
            weights=settings.event_weights,
            retired=retired,
            clock=clock,
        ),
        consenting=Consenting(memory, records.people, clock),
        identity=Identity(memory, records.events, retired, clock),
        access=access_of(settings, records.keys, clock, memory),
        catalogue=records.catalogue,
        sessions=sessions,
        clock=clock,
        max_body_bytes=settings.max_body_bytes,
        checks={"sessions": sessions.ready, "records": records.ready},
        look=watch.look,
        refused=lambda: watch.refused,
    )


def access_of(
    settings: Settings, keys: KeyBook, clock: Callable[[], float], memory: Memory
) -> Access:
    """Who may ask, by the settings and the book of keys."""
    signing = {
        owner: tuple(key.get_secret_value() for key in listed)
        for owner, listed in settings.user_token_keys.items()
    }
    users = UserTokens(signing, settings.user_token_longest_s, clock)
    if not settings.guarded:
        return Access(users)
    steady = time.monotonic
    return Access(
        users,
        Keyring(keys, steady),
        IssuedIds(keys.secret("session ids", secrets.token_bytes(32))),
        may_write=lambda session, token: memory.proves(session, token, clock()),
        per_key=Limit(settings.rate_per_key, steady) if settings.rate_per_key else None,
        per_session=Limit(settings.rate_per_session, steady) if settings.rate_per_session else None,
    )


def sessions_of(settings: Settings) -> SqliteSessions | RedisSessions:
    """Where the settings keep session state; nothing is opened yet. Raises `Misconfigured`."""
    if settings.redis_url is None:
        return SqliteSessions(settings.home / "sessions.db")
    from recsvc.stores.redis.sessions import open_sessions  # a quarter of a second

    return open_sessions(
        settings.redis_url.get_secret_value(),
        connect_s=settings.redis_connect_timeout_s,
        answer_s=settings.redis_timeout_s,
    )


def _ladder(artifact: Artifact, number: int, pool: ThreadPoolExecutor, own: Own | None) -> Ladder:
    """The rungs of an artifact, warm: the first call of each pays for what is made once.

    A recommender of one's own takes the place of the artifact's model, which still is the back-up.
    Raises BadData where the artifact has nothing to suggest.
    """
    rungs = ladder(artifact)
    primary: Recommender = own or rungs[0]
    popular = rungs[-1]

    @lru_cache(maxsize=HISTORIES_KEPT)
    def history(user_id: str, by: tuple[str, ...]) -> frozenset[str]:
        return frozenset(popular.history(user_id, by))

    if own is None:
        rungs[0].rank(Profile(events=((artifact.matrix.items.ids[0], 1.0),)), 10)
    found = popular.rank(Profile(), 10)
    if found is None or not found.item_ids:
        raise BadData(f"The model {artifact.model_id} has nothing to suggest; promote another one.")
    popular.history(artifact.matrix.users.ids[0], ())

    def version() -> int:
        return number if own is None else max(number, own.promoted)

    near = Related(artifact)
    near.rank(Profile(events=((artifact.matrix.items.ids[0], 1.0),)), 10)
    return Ladder(
        primary,
        popular,
        history=history,
        pool=pool,
        version=version,
        neighbours=near,
        by_subject="primary" if own is not None else by_subject(artifact),
    )


def _shelves(artifact: Artifact, catalogue: Catalogue, surfaces: Surfaces) -> Shelves:
    """By which attributes the surfaces filter: as the host says, else as the table said."""
    table = artifact.titles

    def values(attribute: str) -> Mapping[str, Value]:
        if table is None or attribute not in table.columns:
            return {}
        told = table[["item_id", attribute]].dropna()
        return dict(zip(told["item_id"].tolist(), told[attribute].tolist(), strict=True))

    shelves = Shelves(values, catalogue.changed_since, artifact.matrix.items.ids)
    shelves.prepare(one for surface in surfaces.by_name.values() for one in surface.filters)
    return shelves
