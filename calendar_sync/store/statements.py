"""Inserting where there may be a row already, the same on SQLite and PostgreSQL."""

from typing import Any

from sqlalchemy import ColumnClause, Dialect, Table, literal_column
from sqlalchemy.dialects import postgresql, sqlite


def upsert_into(table: Table, dialect: Dialect) -> "postgresql.Insert | sqlite.Insert":
    """`INSERT` with `on_conflict_do_update` and `on_conflict_do_nothing`."""
    return postgresql.insert(table) if dialect.name == "postgresql" else sqlite.insert(table)


def excluded(name: str) -> ColumnClause[Any]:
    """The column of the row that was to be inserted. (`Insert.excluded` makes all columns anew, for each statement.)"""
    return literal_column(f"excluded.{name}")
