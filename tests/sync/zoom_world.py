"""A simulated Zoom, a store and the real sync between them, all on Zoom's clock."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from calendar_sync.store.database import Database
from simulators.zoom.accounts import User
from simulators.zoom.app import ZoomSimulator
from simulators.zoom.meetings import NO_FIXED_TIME, Meeting, occurrence_id
from simulators.zoom.recurrence import WEEKLY, Recurrence
from tests.providers.zoom.remote import ZoomRemote, a_remote
from tests.sync.vendor_world import VendorWorld, a_vendor_world
from tests.sync.world import NOW, Clock

ZURICH = ZoneInfo("Europe/Zurich")
MONDAY = datetime(2026, 3, 9, 9, 0, tzinfo=ZURICH)
"""A week ahead, and three weeks before the clocks are put forward."""
FIVE_WEEKS = Recurrence(WEEKLY, weekly_days="2", end_times=5)
AHEAD = timedelta(days=60)
"""How far ahead occurrences are stored."""

ZoomWorldT = TypeVar("ZoomWorldT", bound="ZoomWorld")
Shown = list[tuple[datetime, datetime, str | None]]


@dataclass
class ZoomClock(Clock):
    simulator: ZoomSimulator | None = None

    def __call__(self) -> datetime:
        assert self.simulator is not None
        return self.simulator.clock.now()


@dataclass
class ZoomWorld(VendorWorld[ZoomRemote]):
    partner: User = field(init=False)

    def __post_init__(self) -> None:
        self.partner = self.simulator.add_user("grace@partner.example", "Grace")

    @property
    def simulator(self) -> ZoomSimulator:
        return self.remote.simulator

    @property
    def now(self) -> datetime:
        return self.simulator.clock.now()

    async def compare(self) -> None:
        """In all that lies ahead."""
        assert await self.ahead() == self.zoom_shows()

    async def ahead(self) -> Shown:
        return await self._occurrences(lambda end: end > self.now)

    async def history(self) -> Shown:
        return await self._occurrences(lambda end: end <= self.now)

    async def _occurrences(self, wanted: Callable[[datetime], bool]) -> Shown:
        page = await self.page()
        return sorted((each.starts_at, each.ends_at, each.title) for each in page if wanted(each.ends_at))

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
async def a_zoom_world(kind: type[ZoomWorldT], database: Database) -> AsyncGenerator[ZoomWorldT]:
    async with a_remote(NOW) as remote:
        clock = ZoomClock(simulator=remote.simulator)
        async with a_vendor_world(kind, database, remote, clock) as world:
            yield world
