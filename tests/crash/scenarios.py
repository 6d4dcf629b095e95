"""The providers that are read while processes crash: each a simulator, and a handful of verbs that change what it holds.

A provider is added by a class with these verbs and a `Scene` of it.
"""

import ssl
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from starlette.types import ASGIApp

from calendar_sync.domain.providers import Account, Provider
from providers.caldav.provider import CalDavProvider
from providers.google.provider import GoogleProvider
from providers.ics.provider import IcsProvider
from providers.transport import Transport
from simulators.caldav.store import Calendar as CalDavCalendar
from simulators.google.app import GoogleSimulator
from simulators.google.calendars import Calendar as GoogleCalendar
from simulators.google.calendars import event_time
from simulators.ics.app import IcsSimulator
from simulators.ics.feeds import Feed
from simulators.server import serving
from tests.crash.errands import Reader, Token
from tests.providers.caldav.builders import a_simulator, calendar_object, credentials
from tests.providers.google.remote import CREDENTIALS, SCOPE
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

    def put_series(self, uid: str, title: str, moved: Mapping[int, str], cancelled: Collection[int]) -> None:
        """Six weeks. Instances, by number from 0, are moved by an hour and get another title, or are cancelled."""
        ...

    def remove(self, uid: str) -> None: ...

    def forget(self) -> bool:
        """Refuse every cursor given out so far; `False` where a cursor is nothing that can be refused."""
        ...


Scene = Callable[[], AbstractAsyncContextManager[Scenario]]
Around = Callable[[ASGIApp], ASGIApp]


def _bare(app: ASGIApp) -> ASGIApp:
    return app


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
    calendar: CalDavCalendar
    elsewhere: Collection[str] = (ELSEWHERE,)
    tells_in_parts: bool = False

    def put(self, uid: str, title: str) -> None:
        self.calendar.put(f"{uid}.ics", calendar_object(_component(*_lines(uid, title, START))))

    def put_series(self, uid: str, title: str, moved: Mapping[int, str], cancelled: Collection[int]) -> None:
        self.calendar.put(f"{uid}.ics", calendar_object(*_series(uid, title, moved, cancelled)))

    def remove(self, uid: str) -> None:
        self.calendar.remove(f"{uid}.ics")

    def forget(self) -> bool:
        self.calendar.expire_tokens()
        return True


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

    def put_series(self, uid: str, title: str, moved: Mapping[int, str], cancelled: Collection[int]) -> None:
        self.feed.extra = "".join(_series(uid, title, moved, cancelled))
        self.feed.touch()

    def remove(self, uid: str) -> None:
        self.feed.remove(uid)

    def forget(self) -> bool:
        return False


@asynccontextmanager
async def ics() -> AsyncIterator[Ics]:
    simulator = IcsSimulator()
    feed = simulator.feed("team")
    async with serving(simulator.app, host=HOST) as url:
        reader = Reader(_read_ics, url)
        yield Ics(reader, await reader.provider(url).connect({"url": f"{url}/feeds/team.ics"}), feed)


def _read_google(address: str) -> Provider:
    return GoogleProvider(a_transport(), api_url=f"{address}/calendar/v3")


@dataclass(slots=True)
class Google:
    """Exceptions are told apart from their series, and may stand on another page."""

    reader: Reader
    account: Account
    calendar: GoogleCalendar
    elsewhere: Collection[str] = (ELSEWHERE,)
    tells_in_parts: bool = True

    def put(self, uid: str, title: str) -> None:
        self.calendar.put({"id": uid, "summary": title, **_google_times(START)})

    def put_series(self, uid: str, title: str, moved: Mapping[int, str], cancelled: Collection[int]) -> None:
        series = {"id": uid, "summary": title, "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=6"]}
        self.calendar.put({**series, **_google_times(START)})
        for number, name in moved.items():
            start = START + number * WEEK
            self.calendar.change(f"{uid}_{start:%Y%m%dT%H%M%SZ}", summary=name, **_google_times(start + HOUR))
        for number in cancelled:
            self.calendar.change(f"{uid}_{START + number * WEEK:%Y%m%dT%H%M%SZ}", status="cancelled")

    def remove(self, uid: str) -> None:
        self.calendar.remove(uid)

    def forget(self) -> bool:
        self.calendar.expire_sync_tokens()
        return True


def _google_times(start: datetime) -> Mapping[str, object]:
    return {"start": event_time(start), "end": event_time(start + HOUR)}


@asynccontextmanager
async def google(around: Around = _bare) -> AsyncIterator[Google]:
    simulator = GoogleSimulator()
    simulator.quirks.short_pages = 2
    client = simulator.add_client("client", "secret", "https://app.example/callback")
    ada = simulator.add_account("ada@example.com", "Ada")
    ada.add_calendar("Team", id="team@group.calendar.google.com").add(ELSEWHERE, START)
    async with serving(around(simulator), host=HOST) as url:
        reader = Reader(_read_google, url, Token(simulator.grant(client, ada, SCOPE).access.value))
        yield Google(reader, Account(ada.subject, ada.email, CREDENTIALS), ada.primary)
