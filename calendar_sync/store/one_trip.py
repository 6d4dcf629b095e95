"""SQLite for asyncio with one trip to the connection's thread for each statement, where `aiosqlite` alone makes four.

A trip wakes two threads, of which each waits for the interpreter: it costs more than most statements do.
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import aiosqlite


def connect(*arguments: Any, **keywords: Any) -> "Connection":  # noqa: ANN401 - what `sqlite3.connect` takes
    """An `async_creator_fn` for SQLAlchemy: what it gives is open once it is awaited."""
    connection = Connection(partial(sqlite3.connect, *arguments, **keywords), iter_chunk_size=1)
    connection._thread.daemon = True  # as SQLAlchemy has it: the process can end with it open
    return connection


class Answer(NamedTuple):
    """What is left of a cursor when it is closed."""

    description: Any = None
    rowcount: int = -1
    lastrowid: int | None = None
    rows: Sequence[Any] = ()


class Connection(aiosqlite.Connection):
    _stopped: asyncio.Future[object] | None = None

    def __del__(self) -> None:
        """Close what nobody has: the pool forgets one that a cancelled task was opening, and says nothing of it."""
        if self._connection is not None:
            self.stop()

    async def _connect(self) -> aiosqlite.Connection:
        """What cannot be opened ends its thread before it says so: later, there may be no loop to answer to."""
        try:
            return await super()._connect()
        except BaseException:
            if self._stopped is not None:
                await self._stopped
            raise

    def stop(self) -> asyncio.Future[object] | None:
        self._stopped = super().stop()
        return self._stopped

    def cursor(self) -> "Cursor":  # type: ignore[override] # as much of one as SQLAlchemy asks for
        return Cursor(self._ask)

    async def rollback(self) -> None:
        """No trip where there is nothing to undo, as each time that the pool takes the connection back."""
        if self.in_transaction:
            await super().rollback()

    async def _ask(self, method: str, *arguments: object) -> Answer:
        run: Callable[..., Awaitable[Answer]] = self._execute  # in the connection's thread
        return await run(_asked, self._conn, method, *arguments)


class Cursor:
    """Holds the answer to one statement, all rows of it."""

    def __init__(self, ask: Callable[..., Awaitable[Answer]]) -> None:
        self._ask = ask
        self._answer = Answer()

    async def __aenter__(self) -> "Cursor":
        return self

    async def execute(self, *statement: object) -> None:
        self._answer = await self._ask("execute", *statement)

    async def executemany(self, *statement: object) -> None:
        self._answer = await self._ask("executemany", *statement)

    async def fetchall(self) -> Sequence[Any]:
        return self._answer.rows

    async def close(self) -> None:
        """Nothing is open."""

    @property
    def description(self) -> Any:  # noqa: ANN401 - DB-API's
        return self._answer.description

    @property
    def rowcount(self) -> int:
        return self._answer.rowcount

    @property
    def lastrowid(self) -> int | None:
        return self._answer.lastrowid


def _asked(connection: sqlite3.Connection, method: str, *arguments: object) -> Answer:
    cursor = connection.cursor()
    try:
        getattr(cursor, method)(*arguments)
        rows = cursor.fetchall() if cursor.description else ()
        return Answer(cursor.description, cursor.rowcount, cursor.lastrowid, rows)
    finally:
        cursor.close()
