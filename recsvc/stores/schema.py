"""The tables of record, in SQL that SQLite and PostgreSQL both speak."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)

metadata = MetaData()

# SQLite numbers rows by itself only in a column declared INTEGER.
_Number = BigInteger().with_variant(Integer, "sqlite")

events = Table(
    "event",
    metadata,
    Column("seq", _Number, primary_key=True, autoincrement=True),
    Column("event_id", String, nullable=False),
    Column("type", String, nullable=False),
    Column("session_id", String, nullable=False),
    Column("surface", String, nullable=False),
    Column("timestamp", Double, nullable=False),
    Column("received", Double, nullable=False),
    Column("user_id", String),
    Column("slate_id", String),
    Column("epoch", BigInteger),
    Column("position", Integer),
    Column("item_id", String),
    Column("alternative_id", String),
    Column("value", Double),
    Column("reason", String),
    UniqueConstraint("session_id", "event_id", name="event_once"),
    Index("event_by_user", "user_id", "timestamp"),
    Index("event_by_session", "session_id", "timestamp"),
    Index("event_items_of_user", "user_id", "type", "item_id"),
    Index("event_items_of_session", "session_id", "type", "item_id"),
    sqlite_autoincrement=True,
)

consents = Table(
    "consent",
    metadata,
    Column("user_id", String, primary_key=True),
    Column("personalisation", Boolean, nullable=False),
    Column("analytics", Boolean, nullable=False),
    Column("said", Double, nullable=False),
)

dismissals = Table(
    "dismissal",
    metadata,
    Column("user_id", String, primary_key=True),
    Column("item_id", String, primary_key=True),
    Column("until", Double, nullable=False),
)

carried = Table(
    "carried_slate",
    metadata,
    Column("user_id", String, primary_key=True),
    Column("slate", String, primary_key=True),
    Column("at", Double, nullable=False),
    Column("data", LargeBinary, nullable=False),
)

items = Table(
    "item",
    metadata,
    Column("item_id", String, primary_key=True),
    Column("title", String),
    Column("url", String),
    Column("image", String),
    Column("available", Boolean, nullable=False),
    # Nothing at all (not even {}) where an item was withdrawn that had never been put.
    Column("attributes", JSON(none_as_null=True)),
    Column("revision", _Number, nullable=False),
    Index("item_by_revision", "revision"),
)

revisions = Table(
    "revision",
    metadata,
    Column("topic", String, primary_key=True),
    Column("number", _Number, nullable=False),
)
"""How often a table has changed, for those who keep a copy of it; a row bears its last change."""

keys = Table(
    "api_key",
    metadata,
    Column("key_id", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("name", String, nullable=False),
    Column("owner", String, nullable=False),
    Column("digest", String, nullable=False, unique=True),
    Column("tail", String, nullable=False),
    Column("created", Double, nullable=False),
    Column("origins", JSON, nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("revoked", Double),
)

secrets = Table(
    "secret",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", LargeBinary, nullable=False),
)
"""What the service makes up once and keeps to itself, the same for all its processes."""
