"""The book of people: consents, dismissals, and slates for their next session."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import sqlalchemy as sa

from recsvc.ports import CARRIED_KEPT, Consent
from recsvc.stores.book import Database
from recsvc.stores.schema import carried, consents, dismissals

_CONSENT = sa.select(consents.c.personalisation, consents.c.analytics).where(
    consents.c.user_id == sa.bindparam("whose")
)
_DISMISSALS = sa.select(dismissals.c.item_id, dismissals.c.until).where(
    dismissals.c.user_id == sa.bindparam("whose")
)
_UNDISMISS = sa.delete(dismissals).where(
    dismissals.c.user_id == sa.bindparam("whose"), dismissals.c.item_id == sa.bindparam("which")
)
_AGREES = (
    sa.select(consents.c.personalisation)
    .where(consents.c.user_id == sa.bindparam("whose"))
    .with_for_update()
)
_CARRIED = sa.select(carried.c.data).where(
    carried.c.user_id == sa.bindparam("whose"), carried.c.slate == sa.bindparam("which")
)
_MINE = carried.c.user_id == sa.bindparam("whose")
_LATEST = sa.select(carried.c.slate).where(_MINE)
_LATEST = _LATEST.order_by(carried.c.at.desc(), carried.c.slate).limit(CARRIED_KEPT)
_DROP_OLD = sa.delete(carried).where(_MINE, carried.c.slate.not_in(_LATEST))
_DROP_ALL = sa.delete(carried).where(_MINE)


class SqlPeople:
    """`recsvc.ports.PeopleBook` on a database of record."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._put_consent = database.upsert(consents, ("personalisation", "analytics", "said"))
        self._dismiss = database.upsert(dismissals, ("until",))
        self._carry = database.upsert(carried, ("at", "data"))

    def consent(self, user_id: str) -> Consent | None:
        """What the user said last; None when nothing was ever said."""
        rows = self._database.read(_CONSENT, {"whose": user_id})
        return Consent(*rows[0]) if rows else None

    def put_consent(self, user_id: str, consent: Consent, now: float) -> None:
        """Write what the user says now; on disk when this returns.

        Who does not agree to personal suggestions any more is carried nothing over.
        """
        row = {
            "user_id": user_id,
            "personalisation": consent.personalisation,
            "analytics": consent.analytics,
            "said": now,
        }

        def work(connection: sa.Connection) -> None:
            connection.execute(self._put_consent, row)
            if not consent.personalisation:
                connection.execute(_DROP_ALL, {"whose": user_id})

        self._database.write(work)

    def dismissals(self, user_id: str, now: float) -> Mapping[str, float]:
        """Items the user dismissed, with the times after `now` until which that holds."""
        # Without the time, which is another one at each request, the answer can be remembered.
        rows = self._database.read(_DISMISSALS, {"whose": user_id})
        return {row.item_id: row.until for row in rows if row.until > now}

    def dismiss(self, user_id: str, item_id: str, until: float) -> None:
        """Write a dismissal, on disk when this returns; the last word on an item holds."""
        row = {"user_id": user_id, "item_id": item_id, "until": until}
        self._database.write(lambda connection: connection.execute(self._dismiss, row))

    def undismiss(self, user_id: str, item_ids: Iterable[str]) -> None:
        """Take dismissals back."""
        rows = [{"whose": user_id, "which": item_id} for item_id in item_ids]
        if rows:
            self._database.write(lambda connection: connection.execute(_UNDISMISS, rows))

    def carry(self, user_id: str, slate: str, data: bytes, now: float) -> None:
        """Keep a slate, by its name, for the user's next session: the latest ones of the user.

        Nothing is kept of who has not agreed to personal suggestions.
        """
        whose = {"whose": user_id}
        row = {"user_id": user_id, "slate": slate, "at": now, "data": data}

        def work(connection: sa.Connection) -> None:
            # An answer that was decided before a consent is taken back may be written after it.
            if connection.execute(_AGREES, whose).scalar():
                connection.execute(self._carry, row)
                connection.execute(_DROP_OLD, whose)

        self._database.write(work)

    def carried(self, user_id: str, slate: str) -> bytes | None:
        """The slate of that name as last kept."""
        rows = self._database.read(_CARRIED, {"whose": user_id, "which": slate})
        return bytes(rows[0].data) if rows else None
