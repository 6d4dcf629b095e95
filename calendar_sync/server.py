"""Running the server: the store made ready, the port bound, signals obeyed."""

import asyncio
import logging
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import uvicorn
from starlette.types import ASGIApp

from calendar_sync.app import create_app
from calendar_sync.domain.errors import CalendarSyncError
from calendar_sync.services import Services, open_services
from calendar_sync.settings import Settings
from calendar_sync.store.database import Database
from calendar_sync.web.logs import configure_logging
from calendar_sync.web.socket_transport import SocketTransport
from calendar_sync.web.sockets import Sockets

_RUNS_SECONDS = 3.0
_REQUESTS_SECONDS = 7
_BACKLOG = 2048
LARGEST_MESSAGE = 256 * 1024
PING_SECONDS = 20.0

_log = logging.getLogger(__name__)


class Server(uvicorn.Server):
    """`ready` is set once it accepts requests. One that `works` syncs on schedule, too."""

    def __init__(self, config: uvicorn.Config, *, works: bool) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()
        self._works = works
        self._work: asyncio.Task[None] | None = None

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """SIGINT and SIGTERM end it in good order and with success; a second SIGINT at once."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for listener in sockets or ():
            host, port = listener.getsockname()[:2]
            _log.info("Listening.", extra={"host": host, "port": port})
        if self._works:
            self._work = asyncio.create_task(self._services.work(), name="work")
        self.ready.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let what is under way come to its end; runs are cut short before requests, which then say so. What follows
        the store over a WebSocket has no end, and is sent away at once."""
        if self._work is not None:
            self._work.cancel()
        ending = asyncio.create_task(self._end_runs())
        try:
            await self._sockets.close()
            await super().shutdown(sockets)
        finally:
            ending.cancel()

    async def _end_runs(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_RUNS_SECONDS):
                await self._services.worker.drained()
        await self._services.sync.close()
        await self._services.worker.close()

    @property
    def _services(self) -> Services:
        services: Services = self.lifespan.state["services"]
        return services

    @property
    def _sockets(self) -> Sockets:
        sockets: Sockets = self.lifespan.state["sockets"]
        return sockets


async def serve(settings: Settings, host: str, port: int, *, works: bool = True) -> None:
    """Serve until SIGINT or SIGTERM, and sync on schedule if it `works`.

    Raises `CalendarSyncError` when the store or the port cannot be used.
    """
    configure_logging(settings.log_level)
    await prepare(settings)
    with listen(host, port) as listener:
        await make_server(settings, works=works).serve(sockets=[listener])


async def prepare(settings: Settings) -> None:
    """Bring an embedded store to the current version, then open everything once.

    So whatever keeps the server from working is said in one line, before anybody is let in. Raises
    `CalendarSyncError`.
    """
    if settings.sqlite_path is not None:
        await migrate(settings)
    async with open_services(settings) as services:
        await services.expect_sound()


async def migrate(settings: Settings, application_role: str | None = None) -> None:
    """Bring the store to the current version, for a server that is let in as `application_role`, too.

    Raises `StoreUnavailable`, or `Invalid` for a role that cannot be the server's.
    """
    database = await Database.open(settings.database_url)
    try:
        await database.migrate(application_role)
    finally:
        await database.close()


def listen(host: str, port: int) -> socket.socket:
    """The bound port. Raises `CalendarSyncError` when it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio turns Nagle's algorithm off: without, a kept-alive answer waits 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise CalendarSyncError(f"Port {port} of {host} cannot be used: {error.strerror}.") from error
    return listener


def make_server(settings: Settings, *, works: bool = True) -> Server:
    """The server, not started; it syncs on schedule if it `works`.

    Requests under way when it is told to stop get a few seconds to finish.
    """
    return Server(config_of(create_app(settings)), works=works)


def config_of(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws=SocketTransport,
        ws_max_size=LARGEST_MESSAGE,
        ws_ping_interval=PING_SECONDS,
        ws_ping_timeout=PING_SECONDS,
        ws_per_message_deflate=False,
        h11_max_incomplete_event_size=32_768,
        timeout_graceful_shutdown=_REQUESTS_SECONDS,
    )
