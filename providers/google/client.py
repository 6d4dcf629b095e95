"""Reading one Google account: its calendar list, and each calendar's events by sync token.

Events are read as masters and exceptions (`singleEvents=false`): a changed series costs one row, and an endless one
does not flood an increment with its instances. A first reading lists the calendar whole, without `timeMin`: whether
increments of a bounded listing stay within its bounds is not documented, and past events are wanted anyway.

An unchanged calendar costs one request, the list of calendars another.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from calendar_sync.domain.errors import BadResponse
from calendar_sync.domain.events import Window
from calendar_sync.domain.providers import Change, ChangePage, Cursor, RemoteCalendar, Snapshot
from providers.google.cursor import read_cursor, write_cursor
from providers.google.parse import read_item
from providers.google.push import GooglePush
from providers.google.session import segment
from providers.google.times import zone_of
from providers.google.wire import CALENDAR_LIST_FIELDS, EVENT_FIELDS, CalendarListEntry
from providers.icalendar.zone_names import iana_name
from providers.icalendar.zones import Zone

_WRITERS = frozenset({"owner", "writer", "writerWithoutPrivateAccess"})
_TEXTS = ("id", "summary", "summaryOverride", "description", "backgroundColor", "timeZone")
_FEW = 50


class GoogleClient(GooglePush):
    """A `ProviderClient` that is a `PushClient` too."""

    @property
    def requests(self) -> int:
        return self._session.requests

    async def calendars(self) -> AsyncGenerator[RemoteCalendar]:
        """Those on the user's list, but for hidden ones; also those that show only when their owner is busy."""
        parameters: dict[str, str | int] = {"maxResults": 250, "fields": CALENDAR_LIST_FIELDS}
        found: dict[str, RemoteCalendar] = {}
        async with aclosing(self._session.pages("users/me/calendarList", parameters)) as pages:
            async for page in pages:
                calendars = map(_calendar, page.get("items", ()))
                found |= {calendar.remote_id: calendar for calendar in calendars if calendar is not None}
        for calendar in found.values():
            yield calendar

    async def changes(
        self, calendar: RemoteCalendar, since: Cursor | None, window: Window
    ) -> AsyncGenerator[ChangePage]:
        """See `ProviderClient.changes`. The whole calendar or its changes; `window` bounds neither."""
        parameters: dict[str, str | int] = {"singleEvents": "false", "maxResults": 2500, "fields": EVENT_FIELDS}
        if since is not None:
            parameters["syncToken"] = read_cursor(since)
        snapshot = Snapshot.WHOLE if since is None else Snapshot.NONE
        path = f"calendars/{segment(calendar.remote_id)}/events"
        async with aclosing(self._session.pages(path, parameters)) as pages:
            async for page in pages:
                changes = await _changes(page, zone_of(calendar.time_zone or page.get("timeZone")))
                if page.get("nextPageToken"):
                    if changes:
                        yield ChangePage(changes)
                    continue
                cursor = _cursor(page)
                yield ChangePage(changes) if cursor is None else ChangePage(changes, cursor, snapshot)
                if cursor is None:
                    raise BadResponse("Google did not say where its next changes begin.")


async def _changes(page: Mapping[str, Any], home: Zone) -> Sequence[Change]:
    items = page.get("items", ())
    if len(items) <= _FEW:
        return [read_item(item, home) for item in items]
    return await asyncio.to_thread(lambda: [read_item(item, home) for item in items])


def _cursor(page: Mapping[str, Any]) -> Cursor | None:
    token = page.get("nextSyncToken")
    return write_cursor(token) if isinstance(token, str) and token else None


def _calendar(entry: CalendarListEntry) -> RemoteCalendar | None:
    """`None` for one that was taken off the list."""
    try:
        if entry.get("deleted"):
            return None
        if not all(isinstance(entry.get(name, ""), str) for name in _TEXTS):
            raise TypeError
        return RemoteCalendar(
            remote_id=entry["id"],
            name=entry.get("summaryOverride") or entry.get("summary"),
            description=entry.get("description"),
            color=entry.get("backgroundColor"),
            time_zone=iana_name(entry.get("timeZone", "")),
            is_primary=bool(entry.get("primary")),
            is_read_only=entry.get("accessRole") not in _WRITERS,
        )
    except (LookupError, TypeError, AttributeError) as err:
        raise BadResponse("Google's list of calendars cannot be understood.") from err
