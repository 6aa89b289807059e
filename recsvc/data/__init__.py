"""Canonical tables: read from many forms, checked, written back."""

from __future__ import annotations

from recsvc.data.hashing import data_hash
from recsvc.data.reading import read_tables, tables_from_frames
from recsvc.data.tables import Report, Tables
from recsvc.data.writing import write_tables

__all__ = ["Report", "Tables", "data_hash", "read_tables", "tables_from_frames", "write_tables"]
