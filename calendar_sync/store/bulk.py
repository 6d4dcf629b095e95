"""One statement for many rows, handed to the driver as it is.

SQLAlchemy is spared its work on every row: five to six times as fast as through its Core or the ORM. So the rows come
complete, with a value for each column. SQLite is given row after row in one call (`executemany`), PostgreSQL a column
of values for each parameter; asyncpg's own `executemany` never returns when its task is cancelled at a bad moment.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from operator import itemgetter

from sqlalchemy import Dialect, Table
from sqlalchemy.ext.asyncio import AsyncConnection

from calendar_sync.store.columns import Moment

RowValues = Mapping[str, object]
_Parameters = tuple[object, ...] | list[tuple[object, ...]]


async def insert_rows(
    connection: AsyncConnection, table: Table, rows: Sequence[RowValues], *, or_ignore: bool = False
) -> None:
    """With `or_ignore`, of a row that is there already nothing is written."""
    names = tuple(table.c.keys())
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        statement = (
            f"INSERT INTO {table.name} ({', '.join(names)}) SELECT * FROM {_unnested(table, names, connection.dialect)}"  # noqa: S608
        )
    else:
        statement = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"  # noqa: S608
    statement += " ON CONFLICT DO NOTHING" if or_ignore else ""
    await _execute(connection, statement, table, names, rows)


async def update_rows(
    connection: AsyncConnection, table: Table, columns: Iterable[str], rows: Sequence[RowValues]
) -> None:
    """Set these columns of the rows that have the same `id`."""
    names = (*columns, "id")
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        values = ", ".join(f"{name} = new.{name}" for name in names[:-1])
        given = f"{_unnested(table, names, connection.dialect)} AS new ({', '.join(names)})"
        statement = f"UPDATE {table.name} SET {values} FROM {given} WHERE {table.name}.id = new.id"  # noqa: S608
    else:
        values = ", ".join(f"{name} = ?" for name in names[:-1])
        statement = f"UPDATE {table.name} SET {values} WHERE id = ?"  # noqa: S608
    await _execute(connection, statement, table, names, rows)


def _unnested(table: Table, names: Sequence[str], dialect: Dialect) -> str:
    """The rows as PostgreSQL takes them: an array for each column."""
    types = [table.c[name].type.compile(dialect) for name in names]
    return f"unnest({', '.join(f'${place}::{type}[]' for place, type in enumerate(types, start=1))})"


async def _execute(
    connection: AsyncConnection, statement: str, table: Table, names: Sequence[str], rows: Sequence[RowValues]
) -> None:
    arranged = _as_columns if connection.dialect.name == "postgresql" else _as_rows
    await connection.exec_driver_sql(statement, await asyncio.to_thread(arranged, table, names, rows))


def _as_columns(_: Table, names: Sequence[str], rows: Sequence[RowValues]) -> _Parameters:
    return tuple([row[name] for row in rows] for name in names)


def _as_rows(table: Table, names: Sequence[str], rows: Sequence[RowValues]) -> _Parameters:
    moments = [place for place, name in enumerate(names) if isinstance(table.c[name].type, Moment)]
    return [_with_moments_as_text(values, moments) for values in map(itemgetter(*names), rows)]


def _with_moments_as_text(values: tuple[object, ...], places: Sequence[int]) -> tuple[object, ...]:
    changed = list(values)
    for place in places:
        moment = changed[place]
        if isinstance(moment, datetime):
            changed[place] = sqlite_text(moment)
    return tuple(changed)


@lru_cache(maxsize=1024)  # most rows of a statement carry the time of the transaction
def sqlite_text(moment: datetime) -> str:
    """An instant as `Moment` stores it on SQLite: in UTC, without saying so."""
    utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return utc.isoformat(" ", "microseconds").removesuffix("+00:00")
