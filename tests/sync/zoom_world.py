"""A simulated Zoom, a store and the real sync between them, all on Zoom's clock."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.connections import Connection
from calendar_sync.domain.occurrences import OccurrenceFilter
from calendar_sync.domain.sync import SyncRun, Tally
from calendar_sync.store.database import Database
from calendar_sync.sync.service import SyncService
from simulators.zoom.accounts import User
from simulators.zoom.app import ZoomSimulator
from simulators.zoom.meetings import NO_FIXED_TIME, Meeting, occurrence_id
from simulators.zoom.recurrence import WEEKLY, Recurrence
from tests.providers.zoom.remote import CREDENTIALS, ZoomRemote, a_remote
from tests.sync.world import NOW, Clock, connected, difference, sync_service

ZURICH = ZoneInfo("Europe/Zurich")
MONDAY = datetime(2026, 3, 9, 9, 0, tzinfo=ZURICH)
"""A week ahead, and three weeks before the clocks are put forward."""
FIVE_WEEKS = Recurrence(WEEKLY, weekly_days="2", end_times=5)
AHEAD = timedelta(days=60)
"""How far ahead occurrences are stored."""

Shown = list[tuple[datetime, datetime, str | None]]


@dataclass
class ZoomClock(Clock):
    simulator: ZoomSimulator | None = None

    def __call__(self) -> datetime:
        assert self.simulator is not None
        return self.simulator.clock.now()


@dataclass
class ZoomWorld:
    database: Database
    actor: Actor
    connection: Connection
    remote: ZoomRemote
    service: SyncService
    partner: User

    @property
    def simulator(self) -> ZoomSimulator:
        return self.remote.simulator

    @property
    def now(self) -> datetime:
        return self.simulator.clock.now()

    async def sync(self) -> SyncRun:
        """One run, whose counts are exactly what an outsider finds who compares the store before and after it."""
        before = await self.stored()
        run = await self.run()
        assert run.tally == difference(before, await self.stored()), run.failures
        return run

    async def run(self) -> SyncRun:
        await self.service.sync(self.actor)
        return (await self.service.runs(self.actor, limit=1))[0]

    async def clean_sync(self) -> SyncRun:
        """One run after which the store is equal to Zoom in all that lies ahead; the next one finds nothing to do."""
        run = await self.sync()
        assert not run.failures
        assert await self.ahead() == self.zoom_shows()
        assert (await self.sync()).tally == Tally()
        return run

    async def stored(self) -> dict[str, str]:
        async with self.database.begin(write=False) as tx:
            calendars = await tx.calendars.of_connection(self.connection.id)
            return {
                remote_id: content_hash
                for calendar in calendars
                for remote_id, content_hash in (await tx.events.hashes(calendar.id)).items()
            }

    async def ahead(self) -> Shown:
        return await self._occurrences(lambda end: end > self.now)

    async def history(self) -> Shown:
        return await self._occurrences(lambda end: end <= self.now)

    async def _occurrences(self, wanted: Callable[[datetime], bool]) -> Shown:
        async with self.database.begin(write=False) as tx:
            page = await tx.events.page(self.actor, OccurrenceFilter(), limit=10_000)
        return sorted((each.starts_at, each.ends_at, each.title) for each in page.items if wanted(each.ends_at))

    def zoom_shows(self) -> Shown:
        """What lies ahead, of what the user hosts and, in the next day, is invited to."""
        user, most = self.remote.user, self.simulator.quirks.most_occurrences
        hosted = [(each, self.now + AHEAD) for each in self.simulator.world.hosted(user)]
        invited = [(each, self.now + timedelta(days=1)) for each in self.simulator.world.invited(user)]
        return sorted(
            (occurrence.start, occurrence.end, meeting.topic)
            for meeting, until in (*hosted, *invited)
            if meeting.type != NO_FIXED_TIME
            for occurrence in meeting.occurrences(self.now, most)
            if not occurrence.is_deleted and occurrence.end > self.now and occurrence.start < until
        )

    # What happens at Zoom

    def schedule(
        self, topic: str, start: datetime | None = MONDAY, recurrence: Recurrence | None = None, minutes: int = 60
    ) -> Meeting:
        return self.simulator.world.schedule(self.remote.user, topic, start, recurrence, duration=minutes)

    def invite(self, topic: str, start: datetime, recurrence: Recurrence | None = None) -> Meeting:
        return self.simulator.world.schedule(self.partner, topic, start, recurrence, invitees=[self.remote.user.email])

    def delete(self, meeting: Meeting) -> None:
        self.simulator.world.delete(meeting.id)

    def pass_time(self, **by: float) -> None:
        self.simulator.advance(**by)


def week(number: int) -> str:
    """The id of the occurrence that a weekly series from `MONDAY` on has in that week."""
    return occurrence_id(MONDAY + timedelta(weeks=number))


@asynccontextmanager
async def a_zoom_world(database: Database) -> AsyncGenerator[ZoomWorld]:
    async with a_remote(NOW) as remote:
        clock, provider = ZoomClock(simulator=remote.simulator), remote.provider
        async with database.begin() as tx:
            organization = await tx.accounts.create_organization("Acme", now=clock())
            user = await tx.accounts.create_user(organization, "ada@example.com", is_admin=False, now=clock())
        actor = Actor(user.id, organization)
        connection = await connected(database, actor, provider, clock(), CREDENTIALS)
        service = sync_service(database, provider, clock, "process 1")
        partner = remote.simulator.add_user("grace@partner.example", "Grace")
        try:
            yield ZoomWorld(database, actor, connection, remote, service, partner)
        finally:
            await service.close()
