"""A simulated Google, a store and the real sync between them."""

import ssl
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from calendar_sync.connections.service import ConnectionService
from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.connections import Connection
from calendar_sync.domain.occurrences import OccurrenceFilter
from calendar_sync.domain.sync import SyncRun, Tally
from calendar_sync.store.database import Database
from calendar_sync.store.keyring import Keyring
from calendar_sync.sync.service import SyncService
from simulators.google.calendars import Calendar, NoSuchEvent
from tests.providers.google.remote import CREDENTIALS, GoogleRemote, a_remote
from tests.sync.world import KEY, Clock, connected, difference, sync_service

ZURICH = ZoneInfo("Europe/Zurich")
MONDAY = datetime(2026, 3, 9, 9, 0, tzinfo=ZURICH)
"""Three weeks before the clocks are put forward."""

Shown = list[tuple[datetime, str | None]]


@dataclass
class GoogleWorld:
    database: Database
    actor: Actor
    connection: Connection
    remote: GoogleRemote
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
        assert run.tally == difference(before, await self.stored()), run.failures
        return run

    async def clean_sync(self) -> SyncRun:
        """One run after which the store is equal to Google; the next one finds nothing to do."""
        run = await self.sync()
        assert not run.failures
        await self.compare()
        assert (await self.sync()).tally == Tally()
        return run

    async def compare(self) -> None:
        assert await self.occurrences() == await self.google_shows()

    async def stored(self) -> dict[str, str]:
        async with self.database.begin(write=False) as tx:
            calendars = await tx.calendars.of_connection(self.connection.id)
            return {
                f"{calendar.remote.remote_id}/{remote_id}": content_hash
                for calendar in calendars
                for remote_id, content_hash in (await tx.events.hashes(calendar.id)).items()
            }

    async def occurrences(self) -> Shown:
        async with self.database.begin(write=False) as tx:
            page = await tx.events.page(self.actor, OccurrenceFilter(), limit=10_000)
        return sorted((each.starts_at, each.title) for each in page.items)

    async def google_shows(self) -> Shown:
        """Google's own expansion of the primary calendar, without the faults and manners that clients meet."""
        quirks, faults = self.remote.simulator.quirks, self.remote.simulator.faults
        manners, planned = {name: getattr(quirks, name) for name in quirks.__slots__}, list(faults.planned)
        quirks.reset()
        faults.clear()
        items = await self._instances()
        quirks.change(**manners)
        faults.planned.extend(planned)
        return sorted((_instant(item["start"]), item.get("summary")) for item in items)

    async def _instances(self) -> Sequence[Mapping[str, Any]]:
        url = f"{self.remote.provider.url}/calendar/v3/calendars/primary/events"
        headers = {"Authorization": f"Bearer {self.remote.provider.grant.fresh()}"}
        async with httpx.AsyncClient(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), headers=headers) as client:
            answer = await client.get(url, params={"singleEvents": "true", "maxResults": 2500})
        items: Sequence[Mapping[str, Any]] = answer.raise_for_status().json()["items"]
        return items

    # What happens at Google

    def put(self, event_id: str, title: str, *recurrence: str, start: datetime = MONDAY) -> None:
        lasting = {"start": _time(start), "end": _time(start + timedelta(hours=1))}
        repeated = {"recurrence": list(recurrence)} if recurrence else {}
        self.calendar.put({"id": event_id, "summary": title, **lasting, **repeated})

    def change(self, event_id: str, **values: Any) -> bool:  # noqa: ANN401 - JSON
        """Whether there was such an event or instance."""
        try:
            self.calendar.change(event_id, **values)
        except NoSuchEvent:
            return False
        return True

    def move(self, event_id: str, start: datetime) -> bool:
        return self.change(event_id, start=_time(start), end=_time(start + timedelta(hours=1)))

    def cancel(self, event_id: str) -> bool:
        try:
            self.calendar.remove(event_id)
        except NoSuchEvent:
            return False
        return True

    def invite_to_one(self, series_id: str, week: int, title: str) -> None:
        """To an instance of a series that is not in this calendar."""
        start = MONDAY + timedelta(weeks=week)
        times = {"start": _time(start), "end": _time(start + timedelta(hours=1)), "originalStartTime": _time(start)}
        self.calendar.put({"recurringEventId": series_id, "summary": title, **times})


def instance(series_id: str, week: int) -> str:
    """The name of the instance that a weekly series has in that week."""
    return f"{series_id}_{(MONDAY + timedelta(weeks=week)).astimezone(ZoneInfo('UTC')):%Y%m%dT%H%M%SZ}"


def _time(moment: datetime) -> dict[str, str]:
    return {"dateTime": moment.isoformat(), "timeZone": "Europe/Zurich"}


def _instant(when: Mapping[str, str]) -> datetime:
    return datetime.fromisoformat(when["dateTime"]).astimezone(ZoneInfo("UTC"))


@asynccontextmanager
async def a_google_world(database: Database) -> AsyncGenerator[GoogleWorld]:
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
            yield GoogleWorld(database, actor, connection, remote, service, clock, connections)
        finally:
            await service.close()
