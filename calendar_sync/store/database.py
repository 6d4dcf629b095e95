"""The store as a whole: opening it, bringing it to the current version, and its transactions."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.errors import Invalid, StoreUnavailable
from calendar_sync.store import failures
from calendar_sync.store.engines import POSTGRESQL_CONNECTIONS, SCOPE, Engines, open_engines
from calendar_sync.store.migrations.runner import NO_STORE, PATIENCE, expect_current, expect_usable, upgrade
from calendar_sync.store.row_security import EVERYBODY, IS_BYPASSED
from calendar_sync.store.transaction import Transaction
from calendar_sync.store.webhook_line import DUE_ANEW

__all__ = ["Database", "Transaction"]

_READING = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}


@dataclass(frozen=True, slots=True)
class Database:
    """A SQLite file or a PostgreSQL database. Whatever keeps it from serving is raised as `StoreUnavailable`."""

    _engines: Engines
    committed: list[Callable[[], None]] = field(default_factory=list, compare=False)
    """Called after each commit of what may have been written. They must not fail, nor take long."""
    webhooks_due: list[Callable[[], None]] = field(default_factory=list, compare=False)
    """The same for commits that leave something to send, now or later."""

    @classmethod
    async def open(
        cls, url: str, *, lock_timeout: float | None = None, connections: int = POSTGRESQL_CONNECTIONS
    ) -> "Database":
        """The store at `url`: `sqlite+aiosqlite:///…` or `postgresql+asyncpg://…`.

        It must answer, but for a SQLite file that is not there yet: `migrate` creates it. `lock_timeout` is how many
        seconds a transaction waits for another writer; `connections` are the most that are opened to PostgreSQL.
        Raises `Invalid` for any other address.
        """
        database = cls(open_engines(url, lock_timeout, connections))
        try:
            await database._expect_answer()
        except BaseException:
            await database.close()
            raise
        return database

    async def _expect_answer(self) -> None:
        file = self._engines.file
        if file is not None and not file.parent.is_dir():
            raise StoreUnavailable("The directory of the database file does not exist.")
        if file is None or file.exists():
            async with _connected(self._engines.reading) as connection:
                await connection.exec_driver_sql("SELECT 1" if file is None else "PRAGMA schema_version")

    async def migrate(self, application_role: str | None = None, *, patience: float = PATIENCE) -> None:
        """Bring the store to this program's version, creating the SQLite file where there is none.

        Safe to repeat, to interrupt and to run twice at once. Refuses a store made by a newer version. On PostgreSQL
        the `application_role` may then do all that a running server does, and nothing else; raises `Invalid` for one
        that is not there or could do more. Other transactions are given way to, for so many seconds of `patience`.
        """
        if application_role is not None and self._engines.file is not None:
            raise Invalid("There are roles on PostgreSQL only.", field="application_role")
        async with _connected(self._engines.migrating) as connection:
            await upgrade(connection, application_role, patience)

    async def ready(self) -> None:
        """Return if the store answers and is of this program's version."""
        await self._expect(expect_current)

    async def still_ready(self) -> None:
        """The same for a program that is running: a newer version, made under it, is as good (decision 15)."""
        await self._expect(expect_usable)

    async def _expect(self, state: Callable[[AsyncConnection], Awaitable[None]]) -> None:
        if self._engines.file is not None and not self._engines.file.exists():
            raise StoreUnavailable(NO_STORE)
        async with _connected(self._engines.reading) as connection:
            await state(connection)

    async def keeps_apart(self) -> bool:
        """Whether the database itself keeps organisations apart: row-level security binds the user that we are."""
        if self._engines.file is not None:
            return False
        async with self.begin(write=False) as tx:
            return not await tx.connection.scalar(IS_BYPASSED, {"role": None})

    @asynccontextmanager
    async def begin(self, *, write: bool = True, actor: Actor | None = None) -> AsyncGenerator[Transaction]:
        """A transaction: committed on leaving, undone on an exception. Nothing else commits.

        One that only reads sees one state of the store throughout and cannot write. On PostgreSQL, one on behalf of an
        `actor` sees and changes what belongs to their organisation, and no more; without, it is for everybody.
        """
        committing = False
        async with _connected(self._engines.writing if write else self._engines.reading) as connection:
            if connection.dialect.name == "postgresql":
                scope = EVERYBODY if actor is None else actor.organization_id
                await connection.execution_options(**{SCOPE: scope}, **({} if write else _READING))
            tx = Transaction(connection)
            try:
                async with connection.begin():
                    yield tx
                    committing = write
                are_due = connection.info.pop(DUE_ANEW, False)
            except DBAPIError as err:
                if committing and err.connection_invalidated:
                    raise StoreUnavailable(failures.LOST_AT_COMMIT) from err
                raise
        for tell in (*(self.committed if write else ()), *(self.webhooks_due if are_due else ())):
            tell()
        for act in tx.after_commit:
            await act()

    @asynccontextmanager
    async def at_once(self) -> AsyncGenerator[Transaction]:
        """On PostgreSQL, transactions of one statement each: what it locks is free again before this process goes on.

        For rows that all processes write to: one that is paused between two statements holds up none of the others.
        A pooler that cannot do that gets a usual transaction.
        """
        if not self._engines.keeps_statements:
            async with self.begin() as tx:
                yield tx
            return
        async with _connected(self._engines.writing) as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            yield Transaction(connection)

    async def close(self) -> None:
        await self._engines.dispose()


@asynccontextmanager
async def _connected(engine: AsyncEngine) -> AsyncGenerator[AsyncConnection]:
    with failures.reported():
        try:
            connection = await engine.connect()
        except OSError as err:  # as asyncpg says that nobody answers
            raise StoreUnavailable(failures.UNREACHABLE) from err
        try:
            yield connection
        finally:
            await connection.close()
