"""One run over one connection: its calendars one after the other, each failure kept to its calendar."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from calendar_sync.domain.connections import Calendar, Connection, ConnectionStatus
from calendar_sync.domain.errors import (
    CalendarSyncError,
    Disconnected,
    LeaseLost,
    ProviderError,
    RateLimited,
    StoreUnavailable,
)
from calendar_sync.domain.identifiers import CalendarId
from calendar_sync.domain.sync import CalendarState, SyncFailure
from calendar_sync.sync.channels import keep_channels
from calendar_sync.sync.engine import RunUnderWay, sync_calendar
from calendar_sync.sync.listing import list_calendars

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended.

    `reconnect` says that the provider refuses the account's credentials, `retry_after` how long it wants to be left
    alone.
    """

    failures: tuple[SyncFailure, ...] = ()
    reconnect: bool = False
    retry_after: timedelta | None = None


async def run_connection(connection: Connection, run: RunUnderWay, push_address: str | None = None) -> Outcome:
    """Sync every selected calendar of the connection, and have its provider push to `push_address`, if there is one.

    What the provider does wrong is in the outcome. Raises `LeaseLost` and `StoreUnavailable`.
    """
    if connection.status is ConnectionStatus.RECONNECT_REQUIRED:
        return _of_connection(Disconnected(connection.last_error) if connection.last_error else Disconnected())
    try:
        calendars = await list_calendars(connection, run)
        if push_address is not None:
            await keep_channels(calendars, run, push_address)
    except (LeaseLost, StoreUnavailable):
        raise
    except Exception as error:  # noqa: BLE001 - the boundary that keeps a fault of ours to the connection that shows it
        return _of_connection(_told(error, run, connection=connection.id))
    return await _sync_each(calendars, run)


async def _sync_each(calendars: Sequence[Calendar], run: RunUnderWay) -> Outcome:
    for calendar in calendars:
        error = await _attempt(calendar, run)
        if error is None:
            continue
        run.ledger.record(calendar.id, {}, CalendarState.FAILED)
        if isinstance(error, Disconnected):
            return Outcome((*run.failures, _failure(None, error)), reconnect=True)
        run.failures.append(_failure(calendar.id, error))
        if isinstance(error, RateLimited):
            # The limit is the account's: its other calendars would only run into it too.
            return Outcome(tuple(run.failures), retry_after=error.retry_after)
    return Outcome(tuple(run.failures))


async def _attempt(calendar: Calendar, run: RunUnderWay) -> CalendarSyncError | None:
    try:
        await sync_calendar(calendar, run)
    except (LeaseLost, StoreUnavailable):
        raise
    except Exception as error:  # noqa: BLE001 - the boundary that keeps a fault of ours to the calendar that shows it
        return _told(error, run, calendar=calendar.id)
    return None


def _told(error: Exception, run: RunUnderWay, **where: str) -> CalendarSyncError:
    """What the user is told: the provider's fault by its name, one of ours in general, with the rest in the log."""
    if isinstance(error, RateLimited) and error.retry_after:
        return RateLimited(_dated(error.message, run.clock() + error.retry_after), retry_after=error.retry_after)
    if isinstance(error, ProviderError):
        return error
    _log.error("A sync failed by a fault of this program.", exc_info=error, extra={**where, "run": run.id})
    return CalendarSyncError("Something went wrong on our side; what is stored was kept.")


def _dated(message: str, until: datetime) -> str:
    minute = until.astimezone(UTC) + timedelta(minutes=1)
    return f"{message.removesuffix('.')} until {minute:%Y-%m-%d %H:%M} UTC."


def _of_connection(error: CalendarSyncError) -> Outcome:
    return Outcome(
        (_failure(None, error),),
        reconnect=isinstance(error, Disconnected),
        retry_after=error.retry_after if isinstance(error, RateLimited) else None,
    )


def _failure(calendar: CalendarId | None, error: CalendarSyncError) -> SyncFailure:
    return SyncFailure(calendar, error.code, error.message)
