"""Running background work alone, in a process of its own: signals obeyed, the runs under way let come to their end."""

import asyncio
import logging
import signal
from collections.abc import Generator
from contextlib import contextmanager, suppress

from calendar_sync.domain.errors import Invalid
from calendar_sync.services import Services, open_services
from calendar_sync.settings import Settings
from calendar_sync.web.logs import configure_logging

GRACE = 3.0
"""Seconds that runs under way have to come to their end by themselves. What is cut short then is handed back."""

_log = logging.getLogger(__name__)


async def work(settings: Settings) -> None:
    """Do background work until SIGINT or SIGTERM. Raises `CalendarSyncError` when the store cannot be used."""
    if settings.sqlite_path is not None:
        message = "A worker needs PostgreSQL: on SQLite, `calendar-sync serve` does the background work itself."
        raise Invalid(message, field="database_url")
    configure_logging(settings.log_level)
    async with open_services(settings) as services:
        await services.expect_sound()
        with _signals() as stopping:
            working = asyncio.create_task(services.work(), name="work")
            _log.info("Working.")
            await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
            await _end(services, working)


async def _end(services: Services, working: asyncio.Task[None]) -> None:
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    with suppress(TimeoutError):
        async with asyncio.timeout(GRACE):
            await services.worker.drained()


@contextmanager
def _signals() -> Generator[asyncio.Task[bool]]:
    """A task that ends at SIGINT or SIGTERM."""
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    stopping = loop.create_task(told.wait(), name="signals")
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    try:
        yield stopping
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
        stopping.cancel()
