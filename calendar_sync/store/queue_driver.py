"""How PgQueuer reaches the store: through our transactions, with our errors."""

import asyncio
from abc import ABC, abstractmethod
from typing import Self

from pgqueuer.core.tm import TaskManager
from pgqueuer.ports.driver import NotifyCallback
from sqlalchemy.ext.asyncio import AsyncConnection

from calendar_sync.store.database import Database


class _Driver(ABC):
    """What PgQueuer reaches the database by. What it would notify other processes of, it only tells this one."""

    def __init__(self) -> None:
        self._shutdown = asyncio.Event()
        self._tasks = TaskManager()
        self._listeners: list[NotifyCallback] = []

    @abstractmethod
    async def fetch(self, query: str, *args: object) -> list[dict[str, object]]: ...

    async def execute(self, query: str, *args: object) -> str:
        await self.fetch(query, *args)
        return ""

    async def add_listener(self, channel: str, callback: NotifyCallback) -> None:
        self._listeners.append(callback)

    async def notify(self, channel: str, payload: str) -> None:
        for listener in self._listeners:
            listener(payload)

    @property
    def shutdown(self) -> asyncio.Event:
        return self._shutdown

    @property
    def tm(self) -> TaskManager:
        return self._tasks

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None


class Within(_Driver):
    """In the transaction that a connection is in."""

    def __init__(self, connection: AsyncConnection) -> None:
        super().__init__()
        self._connection = connection

    async def fetch(self, query: str, *args: object) -> list[dict[str, object]]:
        result = await self._connection.exec_driver_sql(query, args)
        return [dict(row) for row in result.mappings()] if result.returns_rows else []


class Pooled(_Driver):
    """Each statement in a transaction of its own. Raises `StoreUnavailable`."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database

    async def fetch(self, query: str, *args: object) -> list[dict[str, object]]:
        async with self._database.begin() as tx:
            return await Within(tx.connection).fetch(query, *args)
