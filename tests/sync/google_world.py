"""A simulated Google, a store and the real sync between them."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from calendar_sync.store.database import Database
from simulators.google.calendars import Calendar
from tests.providers.google.remote import GoogleRemote, a_remote
from tests.sync.vendor_world import CalendarWorld, a_vendor_world
from tests.sync.world import Clock

ZURICH = ZoneInfo("Europe/Zurich")
MONDAY = datetime(2026, 3, 9, 9, 0, tzinfo=ZURICH)
"""Three weeks before the clocks are put forward."""

Shown = list[tuple[datetime, str | None]]


class GoogleWorld(CalendarWorld[GoogleRemote]):
    @property
    def calendar(self) -> Calendar:
        return self.remote.calendar

    async def compare(self) -> None:
        assert await self.occurrences() == await self.google_shows()

    async def occurrences(self) -> Shown:
        return sorted((each.starts_at, each.title) for each in await self.page())

    async def google_shows(self) -> Shown:
        """Google's own expansion of the primary calendar."""
        url = "/calendar/v3/calendars/primary/events"
        items = (await self.asked(url, singleEvents="true", maxResults="2500"))["items"]
        return sorted((_instant(item["start"]), item.get("summary")) for item in items)

    # What happens at Google

    def what_changes(self) -> None:
        self.put("new", "New", start=MONDAY + timedelta(days=4))
        self.change(instance("series", 0), summary="Kick-off")
        self.cancel("single1")

    def expire(self, forgets: bool) -> None:
        if forgets:
            self.calendar.forget_tombstones()
        self.calendar.expire_sync_tokens()

    def put(self, event_id: str, title: str, *recurrence: str, start: datetime = MONDAY) -> None:
        lasting = {"start": _time(start), "end": _time(start + timedelta(hours=1))}
        repeated = {"recurrence": list(recurrence)} if recurrence else {}
        self.calendar.put({"id": event_id, "summary": title, **lasting, **repeated})

    def move(self, event_id: str, start: datetime) -> bool:
        return self.change(event_id, start=_time(start), end=_time(start + timedelta(hours=1)))

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
    async with a_remote() as remote, a_vendor_world(GoogleWorld, database, remote, Clock()) as world:
        yield world
