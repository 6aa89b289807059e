"""The book of people: what they consented to, and what they do not want to see again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import sqlalchemy as sa

from recsvc.ports import Consent
from recsvc.stores.book import Database
from recsvc.stores.schema import consents, dismissals

_CONSENT = sa.select(consents.c.personalisation, consents.c.analytics).where(
    consents.c.user_id == sa.bindparam("whose")
)
_DISMISSALS = sa.select(dismissals.c.item_id, dismissals.c.until).where(
    dismissals.c.user_id == sa.bindparam("whose"), dismissals.c.until > sa.bindparam("now")
)
_UNDISMISS = sa.delete(dismissals).where(
    dismissals.c.user_id == sa.bindparam("whose"), dismissals.c.item_id == sa.bindparam("which")
)


class SqlPeople:
    """`recsvc.ports.PeopleBook` on a database of record."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._put_consent = database.upsert(consents, ("personalisation", "analytics", "said"))
        self._dismiss = database.upsert(dismissals, ("until",))

    def consent(self, user_id: str) -> Consent | None:
        """What the user said last; None when nothing was ever said."""
        rows = self._database.read(_CONSENT, {"whose": user_id})
        return Consent(*rows[0]) if rows else None

    def put_consent(self, user_id: str, consent: Consent, now: float) -> None:
        """Write what the user says now; on disk when this returns."""
        row = {
            "user_id": user_id,
            "personalisation": consent.personalisation,
            "analytics": consent.analytics,
            "said": now,
        }
        self._database.write(lambda connection: connection.execute(self._put_consent, row))

    def dismissals(self, user_id: str, now: float) -> Mapping[str, float]:
        """Items the user dismissed, with the times after `now` until which that holds."""
        rows = self._database.read(_DISMISSALS, {"whose": user_id, "now": now})
        return {row.item_id: row.until for row in rows}

    def dismiss(self, user_id: str, item_id: str, until: float) -> None:
        """Write a dismissal, on disk when this returns; the last word on an item holds."""
        row = {"user_id": user_id, "item_id": item_id, "until": until}
        self._database.write(lambda connection: connection.execute(self._dismiss, row))

    def undismiss(self, user_id: str, item_ids: Iterable[str]) -> None:
        """Take dismissals back."""
        rows = [{"whose": user_id, "which": item_id} for item_id in item_ids]
        if rows:
            self._database.write(lambda connection: connection.execute(_UNDISMISS, rows))
