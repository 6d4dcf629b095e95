"""Running the server: the store made ready, the port bound, signals obeyed."""

import asyncio
import socket

import uvicorn

from calendar_sync.app import create_app
from calendar_sync.domain.errors import CalendarSyncError
from calendar_sync.settings import Settings
from calendar_sync.store.database import Database
from calendar_sync.web.logs import configure_logging

_SHUTDOWN_SECONDS = 8


class Server(uvicorn.Server):
    """`ready` is set once it accepts requests."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()


async def serve(settings: Settings, host: str, port: int) -> None:
    """Serve until SIGINT or SIGTERM. Raises `CalendarSyncError` when the store or the port cannot be used."""
    configure_logging(settings.log_level)
    await prepare_store(settings)
    with listen(host, port) as listener:
        await make_server(settings).serve(sockets=[listener])


async def prepare_store(settings: Settings) -> None:
    """Bring an embedded store to the current version; on PostgreSQL, refuse one that is not.

    Raises `StoreUnavailable`.
    """
    database = await Database.open(settings.database_url)
    try:
        if settings.sqlite_path is not None:
            await database.migrate()
        else:
            await database.ready()
    finally:
        await database.close()


def listen(host: str, port: int) -> socket.socket:
    """The bound port. Raises `CalendarSyncError` when it is taken."""
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise CalendarSyncError(f"Port {port} of {host} cannot be used: {error.strerror}.") from error


def make_server(settings: Settings) -> Server:
    """The server, not started. Requests under way when it is told to stop get a few seconds to finish."""
    return Server(
        uvicorn.Config(
            create_app(settings),
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            ws_max_size=65_536,
            h11_max_incomplete_event_size=32_768,
            timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
        )
    )
