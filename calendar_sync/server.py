"""Running the server: the store made ready, the application opened, signals obeyed."""

import uvicorn

from calendar_sync.app import create_app
from calendar_sync.settings import Settings
from calendar_sync.store.database import Database
from calendar_sync.web.logs import configure_logging

SHUTDOWN_SECONDS = 8


async def serve(settings: Settings, host: str, port: int) -> None:
    """Serve until SIGINT or SIGTERM. Raises `StoreUnavailable` when the store cannot be used."""
    configure_logging(settings.log_level)
    await prepare_store(settings)
    await server(settings, host, port).serve()


async def prepare_store(settings: Settings) -> None:
    """Bring an embedded store to the current version; on PostgreSQL, refuse one that is not.

    Raises `StoreUnavailable`.
    """
    database = await Database.open(settings.database_url)
    try:
        if settings.sqlite_path is not None:
            await database.migrate()
        else:
            await database.require_current_version()
    finally:
        await database.close()


def server(settings: Settings, host: str, port: int) -> uvicorn.Server:
    """The server, not started. Requests under way when it is told to stop get a few seconds to finish."""
    return uvicorn.Server(
        uvicorn.Config(
            create_app(settings),
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            ws_max_size=65_536,
            h11_max_incomplete_event_size=32_768,
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        )
    )
