"""Inserting where there may be a row already, the same on SQLite and PostgreSQL."""

from sqlalchemy import Dialect, Table
from sqlalchemy.dialects import postgresql, sqlite


def upsert_into(table: Table, dialect: Dialect) -> "postgresql.Insert | sqlite.Insert":
    """`INSERT` with `on_conflict_do_update` and `on_conflict_do_nothing`."""
    return postgresql.insert(table) if dialect.name == "postgresql" else sqlite.insert(table)
