"""What SQLAlchemy's adapter sees of a SQLite connection: all of a statement's answer, for one trip to its thread."""

import sqlite3
from pathlib import Path

import pytest

from calendar_sync.store import one_trip


class Counted(one_trip.Connection):
    """Counts the trips to its thread."""

    trips = 0

    async def _execute(self, *work: object, **keywords: object) -> object:
        self.trips += 1
        return await super()._execute(*work, **keywords)  # type: ignore[no-untyped-call]


def counted(file: Path) -> Counted:
    return Counted(lambda: sqlite3.connect(file, isolation_level=None), iter_chunk_size=1)


async def test_a_statement_takes_one_trip_and_its_rows_none(tmp_path: Path) -> None:
    connection = counted(tmp_path / "x.db")
    async with connection:
        cursor = connection.cursor()
        await cursor.execute("SELECT 1 AS one UNION SELECT ?", (2,))
        rows = await cursor.fetchall()
        await cursor.close()

    assert rows == [(1,), (2,)]
    assert [column[0] for column in cursor.description] == ["one"]
    assert connection.trips == 2  # the other one closed the connection


async def test_what_a_statement_changed_is_counted(tmp_path: Path) -> None:
    connection = counted(tmp_path / "x.db")
    async with connection:
        cursor = connection.cursor()
        await cursor.execute("CREATE TABLE t (x)")
        await cursor.executemany("INSERT INTO t VALUES (?)", [(1,), (2,), (3,)])
        inserted = cursor.rowcount
        await cursor.execute("DELETE FROM t WHERE x > 1")

    assert (inserted, cursor.rowcount, cursor.description, await cursor.fetchall()) == (3, 2, None, ())


async def test_only_what_is_there_is_undone(tmp_path: Path) -> None:
    connection = counted(tmp_path / "x.db")
    async with connection:
        await connection.cursor().execute("CREATE TABLE t (x)")
        before = connection.trips
        await connection.rollback()
        assert connection.trips == before

        await connection.cursor().execute("BEGIN")
        await connection.cursor().execute("INSERT INTO t VALUES (1)")
        await connection.rollback()

        assert not connection.in_transaction
        cursor = connection.cursor()
        await cursor.execute("SELECT * FROM t")
        assert await cursor.fetchall() == []


async def test_a_statement_that_fails_says_so(tmp_path: Path) -> None:
    connection = counted(tmp_path / "x.db")
    async with connection:
        with pytest.raises(sqlite3.OperationalError, match="no such table"):
            await connection.cursor().execute("SELECT * FROM nowhere")
