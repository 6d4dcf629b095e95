"""Reading one mailbox: its calendars, and what is in a span of each by delta links.

A first round lists a span around the window; increments tell what changed in it. The span is fixed for as long as its
links are followed, so that now and then the window has moved out of it and a new round lists the next.

An unchanged calendar costs one request, the list of calendars another.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from datetime import datetime
from typing import TypeVar

from calendar_sync.domain.errors import BadResponse, CursorExpired, Disconnected
from calendar_sync.domain.events import Window
from calendar_sync.domain.providers import Change, ChangePage, Cursor, RemoteCalendar, Snapshot
from calendar_sync.domain.push import Channel, Watch
from providers.bearer import Json
from providers.outlook import subscriptions, wire
from providers.outlook.completing import completed
from providers.outlook.cursor import Position, read_cursor, span_for, write_cursor
from providers.outlook.errors import NO_MAILBOX, NOT_ALLOWED, AccessDenied, Missing
from providers.outlook.rounds import Round
from providers.outlook.session import OutlookSession, rows_of, segment, span_parameters

_FEW = 50
_T = TypeVar("_T")


class OutlookClient:
    """A `ProviderClient` and a `PushClient`. `now` is the time, aware."""

    def __init__(self, session: OutlookSession, email: str | None, now: Callable[[], datetime]) -> None:
        self._session = session
        self._me = email.lower() if email else None
        self._now = now

    @property
    def requests(self) -> int:
        return self._session.requests

    async def calendars(self) -> AsyncGenerator[RemoteCalendar]:
        """The user's own and those that others share with them. In which zone one is, Graph does not say."""
        found: dict[str, RemoteCalendar] = {}
        try:
            async with aclosing(self._session.pages(self._session.address("me/calendars?$top=100"))) as pages:
                async for page in pages:
                    found |= {calendar.remote_id: calendar for calendar in map(_calendar, rows_of(page))}
        except AccessDenied as err:
            raise Disconnected(NOT_ALLOWED) from err
        except Missing as err:
            raise BadResponse(NO_MAILBOX) from err
        for calendar in found.values():
            yield calendar

    async def changes(
        self, calendar: RemoteCalendar, since: Cursor | None, window: Window
    ) -> AsyncGenerator[ChangePage]:
        """See `ProviderClient.changes`. A new round begins without a cursor, and where `window` left its span."""
        position = self._position(since, window)
        span = span_for(window) if position is None else position.span
        link = self._first_link(calendar, span) if position is None else position.link
        round_ = Round(span, self._me)
        async with aclosing(self._session.pages(link)) as pages:
            async for page in pages:
                changes = await _noted(round_, page)
                if not page.get("@odata.nextLink"):
                    cursor = write_cursor(Position(self._delta_link(page), span))
                    changes += await self._series(round_, is_listing=position is None)
                    yield ChangePage(changes, cursor, Snapshot.UPCOMING if position is None else Snapshot.NONE)
                elif changes:
                    yield ChangePage(changes)

    def _position(self, since: Cursor | None, window: Window) -> Position | None:
        """Where to go on; `None` where a new round begins. Raises `CursorExpired`, also for the link of another API."""
        if since is None:
            return None
        position = read_cursor(since)
        if not self._session.is_ours(position.link):
            raise CursorExpired
        return position if position.covers(window) else None

    def _first_link(self, calendar: RemoteCalendar, span: Window) -> str:
        path = f"me/calendars/{segment(calendar.remote_id)}/calendarView/delta?{span_parameters(span)}"
        return self._session.address(path)

    def _delta_link(self, page: Json) -> str:
        link = page.get("@odata.deltaLink")
        if not link:
            raise BadResponse("Outlook did not say where its next changes begin.")
        return self._session.checked(link)

    async def _series(self, round_: Round, *, is_listing: bool) -> Sequence[Change]:
        asked = [await completed(self._session, rows, round_.span, is_listing=is_listing) for rows in round_.series()]
        found = [rows for rows in asked if rows is not None]
        return await _computed(
            lambda: [round_.told(rows) for rows in found], sum(len(rows.instances) for rows in found)
        )

    # Push

    async def watch(self, watch: Watch) -> Channel:
        """See `PushClient`. Outlook pushes of every calendar."""
        return await subscriptions.create(self._session, watch, self._now())

    async def renew(self, channel: Channel, until: datetime) -> Channel | None:
        return await subscriptions.renew(self._session, channel, until, self._now())

    async def unwatch(self, channel: Channel) -> None:
        await subscriptions.delete(self._session, channel)


async def _noted(round_: Round, page: Json) -> list[Change]:
    rows = rows_of(page)
    return await _computed(lambda: round_.note(rows), len(rows))


async def _computed(work: Callable[[], _T], size: int) -> _T:
    """Off the event loop where it takes time."""
    return work() if size <= _FEW else await asyncio.to_thread(work)


def _calendar(row: wire.Calendar) -> RemoteCalendar:
    try:
        texts = [row["id"], row.get("name") or "", row.get("hexColor") or ""]
        if not row["id"] or not all(isinstance(text, str) for text in texts):
            raise TypeError
        return RemoteCalendar(
            remote_id=row["id"],
            name=row.get("name") or None,
            color=row.get("hexColor") or None,
            is_primary=bool(row.get("isDefaultCalendar")),
            is_read_only=row.get("canEdit") is False,
        )
    except (LookupError, TypeError, AttributeError) as err:
        raise BadResponse("Outlook's list of calendars cannot be understood.") from err
