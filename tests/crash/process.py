"""A process of ours that does one errand, and that can be made to die at any of its durable operations.

Durable is what outlasts the process: a commit, which may have taken effect or not when the process dies, and a request
that changes something at a provider. The n-th of them is a crash point twice, right before it and right after it.

The processes are forked from one that has imported everything, so each takes milliseconds to be there; they are real
ones, and they die by SIGKILL, without a chance to tidy up.
"""

import asyncio
import gc
import os
import signal
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from itertools import count
from multiprocessing.context import ForkServerProcess
from typing import Protocol

import httpx
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.pool import PoolProxiedConnection

from calendar_sync.store.database import Database
from calendar_sync.store.engines import open_engines
from tests.forked import forking


class Side(Enum):
    """Of a durable operation."""

    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class CrashPoint:
    """`operation` counts from 1."""

    operation: int
    side: Side

    def __str__(self) -> str:
        return f"{self.side.value} durable operation {self.operation}"


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Operations:
    """Counts the durable operations of this process, and ends it at the crash point unless something else is to be."""

    def __init__(self, crash: CrashPoint | None, then: Callable[[], None] = _die) -> None:
        self._crash = crash
        self._then = then
        self._numbers = count(1)

    def begin(self) -> Callable[[], None]:
        """Call it before an operation, and what it gives after it."""
        number = next(self._numbers)
        self._at(number, Side.BEFORE)
        return lambda: self._at(number, Side.AFTER)

    def _at(self, number: int, side: Side) -> None:
        if self._crash == CrashPoint(number, side):
            self._then()

    def open_database(self, url: str) -> Database:
        """The store, with the commits of its writing transactions counted."""
        engines = open_engines(url)
        self._count_commits(engines.writing.dialect)
        return Database(engines)

    def _count_commits(self, dialect: Dialect) -> None:
        commit = dialect.do_commit

        def counted(connection: PoolProxiedConnection) -> None:
            is_reading = getattr(connection.dbapi_connection, "readonly", False)  # as PostgreSQL's one engine has both
            done = _nothing if is_reading else self.begin()
            commit(connection)
            done()

        dialect.do_commit = counted  # type: ignore[assignment,method-assign]  # of this one engine

    def transport(self) -> httpx.AsyncBaseTransport:
        """Counts the requests that are sent through it."""
        return _Counted(self)


def _nothing() -> None:
    pass


class _Counted(httpx.AsyncHTTPTransport):
    def __init__(self, operations: Operations) -> None:
        super().__init__(trust_env=False, verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))  # for loopback, without TLS
        self._operations = operations

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        done = self._operations.begin()
        response = await super().handle_async_request(request)
        done()
        return response


class Errand(Protocol):
    """What a process is started for. It is pickled on the way there."""

    async def run(self, operations: Operations) -> None: ...


def _do(errand: Errand, crash: CrashPoint | None) -> None:
    gc.disable()  # it would only copy what this process shares with the one it was forked from
    asyncio.run(errand.run(Operations(crash)))


def start(errand: Errand, crash: CrashPoint | None = None) -> ForkServerProcess:
    process = forking().Process(target=_do, args=(errand, crash))
    process.start()
    return process


async def ended(process: ForkServerProcess) -> bool:
    """Wait for its end: whether it came to it by itself. Any other end than that or a kill is an error."""
    await asyncio.to_thread(process.join, 60)
    code = process.exitcode
    assert code in {0, -signal.SIGKILL}, f"The process ended with {code}."
    process.close()
    return code == 0


async def survives(errand: Errand, crash: CrashPoint | None = None) -> bool:
    """Whether a process that does the errand gets to its end, and so never came to the crash point."""
    return await ended(start(errand, crash))
