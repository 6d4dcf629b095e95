"""A simulated Microsoft, a store and the real sync between them."""

import ssl
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from sqlalchemy import select

from calendar_sync.connections.service import ConnectionService
from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.connections import Connection
from calendar_sync.domain.events import Event, Window
from calendar_sync.domain.occurrences import OccurrenceFilter
from calendar_sync.domain.sync import SyncRun, Tally
from calendar_sync.recurrence import in_common
from calendar_sync.store.database import Database
from calendar_sync.store.keyring import Keyring
from calendar_sync.store.payload import decode, encode
from calendar_sync.store.tables import calendars, events
from calendar_sync.sync.service import SyncService
from simulators.microsoft.calendars import Calendar, NoSuchEvent
from simulators.microsoft.ids import occurrence_id
from simulators.microsoft.patterns import repeating
from simulators.microsoft.times import graph_time, zone_of
from tests.providers.outlook.remote import CREDENTIALS, OutlookRemote, a_remote
from tests.sync.world import KEY, Clock, connected, sync_service

ZURICH = ZoneInfo("Europe/Zurich")
MONDAY = datetime(2026, 3, 9, 9, 0, tzinfo=ZURICH)
"""Three weeks before the clocks are put forward."""

FUTURE = timedelta(days=58)
"""How far ahead occurrences are there: sixty days, less what they may lag behind."""

Json = dict[str, Any]
Shown = list[tuple[datetime, datetime, str]]
Stored = Mapping[str, Event]


@dataclass
class OutlookWorld:
    database: Database
    actor: Actor
    connection: Connection
    remote: OutlookRemote
    service: SyncService
    clock: Clock
    connections: ConnectionService

    @property
    def calendar(self) -> Calendar:
        return self.remote.calendar

    async def sync(self) -> SyncRun:
        """One run, whose counts are exactly what an outsider finds who compares the store before and after it."""
        before = await self.stored()
        await self.service.sync(self.actor)
        run = (await self.service.runs(self.actor, limit=1))[0]
        assert run.tally == _difference(before, await self.stored()), run.failures
        return run

    async def clean_sync(self) -> SyncRun:
        """One run after which the store is equal to Outlook; the next one finds nothing to do."""
        run = await self.sync()
        assert not run.failures
        await self.compare()
        assert (await self.sync()).tally == Tally()
        return run

    async def compare(self) -> None:
        """Of what is not over: what was may stay in the store as history."""
        window = Window(self.clock.now, self.clock.now + FUTURE)
        assert await self.occurrences(window) == await self.outlook_shows(window)

    async def stored(self) -> Stored:
        """The event objects that the provider has, by calendar and remote id."""
        query = select(calendars.c.remote_id, events.c.remote_id, events.c.payload).where(
            events.c.calendar_id == calendars.c.id, events.c.content_hash.is_not(None)
        )
        async with self.database.begin(write=False) as tx:
            rows = await tx.connection.execute(query)
            return {f"{calendar}/{name}": decode(name, payload) for calendar, name, payload in rows}

    async def occurrences(self, window: Window | None = None) -> Shown:
        bounds = OccurrenceFilter() if window is None else _under_way(window)
        async with self.database.begin(write=False) as tx:
            page = await tx.events.page(self.actor, bounds, limit=10_000)
        return sorted((each.starts_at, each.ends_at, each.title or "") for each in page.items)

    async def outlook_shows(self, window: Window) -> Shown:
        """Outlook's own view of the default calendar, without the faults and manners that clients meet."""
        quirks, faults = self.remote.simulator.quirks, self.remote.simulator.faults
        manners, planned = {name: getattr(quirks, name) for name in quirks.__slots__}, list(faults.planned)
        quirks.reset()
        faults.clear()
        items = await self._view(window)
        quirks.change(**manners)
        faults.planned.extend(planned)
        return sorted((_instant(item, "start"), _instant(item, "end"), item["subject"]) for item in items)

    async def _view(self, window: Window) -> Sequence[Json]:
        url = f"{self.remote.provider.url}/v1.0/me/calendarView"
        headers = {"Authorization": f"Bearer {self.remote.provider.grant.fresh()}"}
        edges = {"startDateTime": window.start.isoformat(), "endDateTime": window.end.isoformat(), "$top": "1000"}
        async with httpx.AsyncClient(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), headers=headers) as client:
            answer = await client.get(url, params=edges)
        items: Sequence[Json] = answer.raise_for_status().json()["value"]
        return items

    # What happens at Outlook

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

    def change(self, event_id: str, **values: Any) -> bool:  # noqa: ANN401 - JSON
        """Whether there was such an event or occurrence."""
        try:
            self.calendar.change(event_id, **values)
        except NoSuchEvent:
            return False
        return True

    def move(self, event_id: str, start: datetime) -> bool:
        return self.change(event_id, start=graph_time(start), end=graph_time(start + timedelta(hours=1)))

    def cancel(self, event_id: str) -> bool:
        try:
            self.calendar.remove(event_id)
        except NoSuchEvent:
            return False
        return True


def weekly(times: int | None = 5) -> Json:
    return repeating("weekly", daysOfWeek=["monday"], times=times)


def instance(series_id: str, week: int) -> str:
    """The name of the occurrence that a weekly series has in that week."""
    return occurrence_id(series_id, (MONDAY + timedelta(weeks=week)).date())


def _difference(before: Stored, after: Stored) -> Tally:
    """What an outsider counts who knows that Outlook lists series in a span that moves on."""
    return Tally(
        new=len(after.keys() - before.keys()),
        updated=sum(not _say_the_same(before[name], after[name]) for name in before.keys() & after.keys()),
        removed=len(before.keys() - after.keys()),
    )


def _say_the_same(one: Event, other: Event) -> bool:
    one, other = in_common(one, other) or (one, other)
    return encode(one).content_hash == encode(other).content_hash


def _under_way(window: Window) -> OccurrenceFilter:
    return OccurrenceFilter(overlaps_after=window.start, overlaps_before=window.end)


def _instant(item: Json, edge: str) -> datetime:
    """Days of all-day events are those of the zone they were written in."""
    zone = zone_of(item["originalStartTimeZone"]) if item["isAllDay"] else UTC
    return datetime.fromisoformat(item[edge]["dateTime"]).replace(tzinfo=zone).astimezone(UTC)


@asynccontextmanager
async def an_outlook_world(database: Database) -> AsyncGenerator[OutlookWorld]:
    async with a_remote() as remote:
        clock, provider = Clock(), remote.provider
        async with database.begin() as tx:
            organization = await tx.accounts.create_organization("Acme", now=clock())
            user = await tx.accounts.create_user(organization, "ada@example.com", is_admin=False, now=clock())
        actor = Actor(user.id, organization)
        connections = ConnectionService(database, Keyring.of(KEY), {provider.name: provider}, clock)
        connection = await connected(database, actor, provider, clock(), CREDENTIALS)
        service = sync_service(database, provider, clock, "process 1")
        try:
            yield OutlookWorld(database, actor, connection, remote, service, clock, connections)
        finally:
            await service.close()
