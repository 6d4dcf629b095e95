"""A simulated Microsoft, a store and the real sync between them."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from calendar_sync.domain.events import Event, Window
from calendar_sync.domain.occurrences import OccurrenceFilter
from calendar_sync.recurrence import in_common
from calendar_sync.store.database import Database
from calendar_sync.store.payload import decode, encode
from calendar_sync.store.tables import calendars, events
from simulators.microsoft.calendars import Calendar
from simulators.microsoft.ids import occurrence_id
from simulators.microsoft.patterns import repeating
from simulators.microsoft.times import graph_time, zone_of
from tests.providers.outlook.remote import OutlookRemote, a_remote
from tests.sync.vendor_world import CalendarWorld, a_vendor_world
from tests.sync.world import Clock

ZURICH = ZoneInfo("Europe/Zurich")
MONDAY = datetime(2026, 3, 9, 9, 0, tzinfo=ZURICH)
"""Three weeks before the clocks are put forward."""

FUTURE = timedelta(days=58)
"""How far ahead occurrences are there: sixty days, less what they may lag behind."""

Json = dict[str, Any]
Shown = list[tuple[datetime, datetime, str]]


class OutlookWorld(CalendarWorld[OutlookRemote]):
    @property
    def calendar(self) -> Calendar:
        return self.remote.calendar

    async def compare(self) -> None:
        """Of what is not over: what was may stay in the store as history."""
        window = Window(self.clock.now, self.clock.now + FUTURE)
        assert await self.occurrences(window) == await self.outlook_shows(window)

    async def stored(self) -> Mapping[str, Event]:
        """The event objects that the provider has, by calendar and remote id."""
        query = select(calendars.c.remote_id, events.c.remote_id, events.c.payload).where(
            calendars.c.connection_id == self.connection.id,
            events.c.calendar_id == calendars.c.id,
            events.c.content_hash.is_not(None),
        )
        async with self.database.begin(write=False) as tx:
            rows = await tx.connection.execute(query)
            return {f"{calendar}/{name}": decode(name, payload) for calendar, name, payload in rows}

    def say_the_same(self, one: Event, other: Event) -> bool:
        """To an outsider who knows that Outlook lists series in a span that moves on."""
        one, other = in_common(one, other) or (one, other)
        return encode(one).content_hash == encode(other).content_hash

    async def occurrences(self, window: Window | None = None) -> Shown:
        bounds = OccurrenceFilter() if window is None else _under_way(window)
        return sorted((each.starts_at, each.ends_at, each.title or "") for each in await self.page(bounds))

    async def outlook_shows(self, window: Window) -> Shown:
        """Outlook's own view of the default calendar."""
        edges = {"startDateTime": window.start.isoformat(), "endDateTime": window.end.isoformat(), "$top": "1000"}
        items = (await self.asked("/v1.0/me/calendarView", **edges))["value"]
        return sorted((_instant(item, "start"), _instant(item, "end"), item["subject"]) for item in items)

    # What happens at Outlook

    def what_changes(self) -> None:
        self.put("new", "New", start=MONDAY + timedelta(days=4))
        self.change(instance("series", 0), subject="Kick-off")
        self.cancel("single1")

    def expire(self, forgets: bool) -> None:
        if forgets:
            self.calendar.forget_tombstones()
        self.calendar.expire_delta_links()

    def put(
        self,
        event_id: str,
        title: str,
        recurrence: Json | None = None,
        start: datetime | date = MONDAY,
        lasting: timedelta = timedelta(hours=1),
    ) -> None:
        times = {"start": graph_time(start), "end": graph_time(start + lasting)}
        is_all_day = not isinstance(start, datetime)
        resource = {"id": event_id, "subject": title, **times, "isAllDay": is_all_day, "recurrence": recurrence}
        self.calendar.put(resource)

    def move(self, event_id: str, start: datetime) -> bool:
        return self.change(event_id, start=graph_time(start), end=graph_time(start + timedelta(hours=1)))


def weekly(times: int | None = 5) -> Json:
    return repeating("weekly", daysOfWeek=["monday"], times=times)


def instance(series_id: str, week: int) -> str:
    """The name of the occurrence that a weekly series has in that week."""
    return occurrence_id(series_id, (MONDAY + timedelta(weeks=week)).date())


def _under_way(window: Window) -> OccurrenceFilter:
    return OccurrenceFilter(overlaps_after=window.start, overlaps_before=window.end)


def _instant(item: Json, edge: str) -> datetime:
    """Days of all-day events are those of the zone they were written in."""
    zone = zone_of(item["originalStartTimeZone"]) if item["isAllDay"] else UTC
    return datetime.fromisoformat(item[edge]["dateTime"]).replace(tzinfo=zone).astimezone(UTC)


@asynccontextmanager
async def an_outlook_world(database: Database) -> AsyncGenerator[OutlookWorld]:
    async with a_remote() as remote, a_vendor_world(OutlookWorld, database, remote, Clock()) as world:
        yield world
