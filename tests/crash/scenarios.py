"""What is read while processes crash: accounts at simulated providers, and verbs that change what they hold.

Here are those of iCalendar, in `vendor_scenarios` those of the vendors.

A provider is added by a class with these verbs and a `Scene` of it.
"""

from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from calendar_sync.domain.providers import Account, Provider
from providers.caldav.provider import CalDavProvider
from providers.ics.provider import IcsProvider
from simulators.caldav.store import Calendar
from simulators.ics.app import IcsSimulator
from simulators.ics.feeds import Feed
from simulators.server import serving
from tests.crash.errands import Reader
from tests.providers.caldav.builders import a_simulator, calendar_object, credentials
from tests.providers.loopback import HOST, a_transport

START = datetime(2026, 3, 9, 9, tzinfo=UTC)
HOUR, WEEK = timedelta(hours=1), timedelta(weeks=1)
ELSEWHERE = "In another calendar"
"""The title of what stands in a second calendar of the account, where it can have one."""


class Scenario(Protocol):
    """An account at a simulated provider with an empty calendar, which is told in several pages if it can be."""

    reader: Reader
    account: Account
    elsewhere: Collection[str]
    """The titles in its second calendar."""
    tells_in_parts: bool
    """Whether a series and its exceptions may stand on several pages."""

    def put(self, uid: str, title: str) -> None:
        """A single event of that title, in place of the one with that `uid`."""
        ...

    def put_series(self, uid: str, title: str, moved: Mapping[int, str], cancelled: Collection[int]) -> set[str]:
        """Six weeks. Instances, by number from 0, are moved by an hour and, if they can, get another title; or they
        are cancelled. The titles that it shows then."""
        ...

    def remove(self, uid: str) -> None: ...


Scene = Callable[[], AbstractAsyncContextManager[Scenario]]


def _lines(uid: str, title: str, start: datetime, *more: str) -> list[str]:
    stamp = "%Y%m%dT%H%M%SZ"
    times = (f"DTSTART:{start:{stamp}}", f"DTEND:{start + HOUR:{stamp}}")
    return [f"UID:{uid}", "DTSTAMP:20260101T000000Z", *times, f"SUMMARY:{title}", *more]


def _component(*lines: str) -> str:
    return "".join(f"{line}\r\n" for line in ("BEGIN:VEVENT", *lines, "END:VEVENT"))


def _series(uid: str, title: str, moved: Mapping[int, str], cancelled: Collection[int]) -> list[str]:
    """The components of a series in iCalendar."""
    holes = [f"EXDATE:{START + number * WEEK:%Y%m%dT%H%M%SZ}" for number in cancelled]
    exceptions = [
        _component(
            *_lines(uid, name, START + number * WEEK + HOUR), f"RECURRENCE-ID:{START + number * WEEK:%Y%m%dT%H%M%SZ}"
        )
        for number, name in moved.items()
    ]
    return [_component(*_lines(uid, title, START, "RRULE:FREQ=WEEKLY;COUNT=6", *holes)), *exceptions]


def _read_caldav(_: str) -> Provider:
    return CalDavProvider(a_transport())


@dataclass(slots=True)
class CalDav:
    reader: Reader
    account: Account
    calendar: Calendar
    elsewhere: Collection[str] = (ELSEWHERE,)
    tells_in_parts: bool = False

    def put(self, uid: str, title: str) -> None:
        self.calendar.put(f"{uid}.ics", calendar_object(_component(*_lines(uid, title, START))))

    def put_series(self, uid: str, title: str, moved: Mapping[int, str], cancelled: Collection[int]) -> set[str]:
        self.calendar.put(f"{uid}.ics", calendar_object(*_series(uid, title, moved, cancelled)))
        return {title, *moved.values()}

    def remove(self, uid: str) -> None:
        self.calendar.remove(f"{uid}.ics")


@asynccontextmanager
async def caldav() -> AsyncIterator[CalDav]:
    simulator, calendar = a_simulator()
    simulator.quirks.page_size = 2
    team = simulator.store.users["ada"].add_calendar("team")
    async with serving(simulator, host=HOST) as url:
        reader = Reader(_read_caldav, url)
        account = await reader.provider(url).connect(credentials(url))
        CalDav(reader, account, team).put("elsewhere", ELSEWHERE)
        yield CalDav(reader, account, calendar)


def _read_ics(_: str) -> Provider:
    return IcsProvider(a_transport())


@dataclass(slots=True)
class Ics:
    """A feed is one page, and all of it."""

    reader: Reader
    account: Account
    feed: Feed
    elsewhere: Collection[str] = ()
    tells_in_parts: bool = False

    def put(self, uid: str, title: str) -> None:
        self.feed.put(uid, summary=title, start=START)

    def put_series(self, uid: str, title: str, moved: Mapping[int, str], cancelled: Collection[int]) -> set[str]:
        self.feed.extra = "".join(_series(uid, title, moved, cancelled))
        self.feed.touch()
        return {title, *moved.values()}

    def remove(self, uid: str) -> None:
        self.feed.remove(uid)


@asynccontextmanager
async def ics() -> AsyncIterator[Ics]:
    simulator = IcsSimulator()
    feed = simulator.feed("team")
    async with serving(simulator.app, host=HOST) as url:
        reader = Reader(_read_ics, url)
        yield Ics(reader, await reader.provider(url).connect({"url": f"{url}/feeds/team.ics"}), feed)
