"""Accounts at the simulated vendors, as `scenarios` has them."""

from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from starlette.types import ASGIApp

from calendar_sync.domain.providers import Account, Provider
from providers.google.provider import GoogleProvider
from providers.outlook.provider import OutlookProvider
from providers.retry import Time
from providers.transport import Transport
from providers.zoom.provider import ZoomProvider
from simulators.google.app import GoogleSimulator
from simulators.google.calendars import Calendar as GoogleCalendar
from simulators.google.calendars import event_time
from simulators.microsoft.app import MicrosoftSimulator
from simulators.microsoft.calendars import Calendar as OutlookCalendar
from simulators.microsoft.calendars import NoSuchEvent
from simulators.microsoft.ids import occurrence_id as day_of_series
from simulators.microsoft.patterns import repeating
from simulators.microsoft.times import graph_time
from simulators.server import serving
from simulators.zoom.accounts import User
from simulators.zoom.app import ZoomSimulator
from simulators.zoom.meetings import occurrence_id
from simulators.zoom.recurrence import WEEKLY, Recurrence
from tests.crash.errands import Reader, Token
from tests.crash.scenarios import ELSEWHERE, HOUR, START, WEEK
from tests.providers.caldav.servers import PLAIN
from tests.providers.google.remote import SCOPE
from tests.providers.loopback import ALLOWED, HOST, Naps, a_transport
from tests.sync.world import NOW

CREDENTIALS = {"refresh_token": "a-secret"}
PAGE = 2
"""Items on a page, so that a reading has several."""

Around = Callable[[ASGIApp], ASGIApp]


def _bare(app: ASGIApp) -> ASGIApp:
    return app


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

    def put_series(self, uid: str, title: str, moved: Mapping[int, str], cancelled: Collection[int]) -> set[str]:
        series = {"id": uid, "summary": title, "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=6"]}
        self.calendar.put({**series, **_google_times(START)})
        for number, name in moved.items():
            start = START + number * WEEK
            self.calendar.change(f"{uid}_{start:%Y%m%dT%H%M%SZ}", summary=name, **_google_times(start + HOUR))
        for number in cancelled:
            self.calendar.change(f"{uid}_{START + number * WEEK:%Y%m%dT%H%M%SZ}", status="cancelled")
        return {title, *moved.values()}

    def remove(self, uid: str) -> None:
        self.calendar.remove(uid)

    def forget(self) -> None:
        """Refuse every cursor given out so far."""
        self.calendar.expire_sync_tokens()


def _google_times(start: datetime) -> Mapping[str, object]:
    return {"start": event_time(start), "end": event_time(start + HOUR)}


@asynccontextmanager
async def google(around: Around = _bare) -> AsyncIterator[Google]:
    simulator = GoogleSimulator()
    simulator.quirks.short_pages = PAGE
    client = simulator.add_client("client", "secret", "https://app.example/callback")
    ada = simulator.add_account("ada@example.com", "Ada")
    ada.add_calendar("Team", id="team@group.calendar.google.com").add(ELSEWHERE, START)
    async with serving(around(simulator), host=HOST) as url:
        reader = Reader(_read_google, url, Token(simulator.grant(client, ada, SCOPE).access.value))
        yield Google(reader, Account(ada.subject, ada.email, CREDENTIALS), ada.primary)


def _read_outlook(address: str) -> Provider:
    return OutlookProvider(a_transport(), api_url=f"{address}/v1.0")


@dataclass(slots=True)
class Outlook:
    """The server expands a series, and tells all of it on one page."""

    reader: Reader
    account: Account
    calendar: OutlookCalendar
    elsewhere: Collection[str] = ()
    tells_in_parts: bool = False

    def put(self, uid: str, title: str) -> None:
        self.calendar.put({"id": uid, "subject": title, **_outlook_times(START)})

    def put_series(self, uid: str, title: str, moved: Mapping[int, str], cancelled: Collection[int]) -> set[str]:
        recurrence = repeating("weekly", daysOfWeek=["monday"], times=6)
        self.calendar.put({"id": uid, "subject": title, **_outlook_times(START), "recurrence": recurrence})
        for number, name in moved.items():
            start = START + number * WEEK
            self.calendar.change(day_of_series(uid, start.date()), subject=name, **_outlook_times(start + HOUR))
        for number in cancelled:
            self._cancel(day_of_series(uid, (START + number * WEEK).date()))
        return {title, *moved.values()}

    def _cancel(self, occurrence: str) -> None:
        with suppress(NoSuchEvent):  # it is cancelled already
            self.calendar.remove(occurrence)

    def remove(self, uid: str) -> None:
        self.calendar.remove(uid)


def _outlook_times(start: datetime) -> Mapping[str, object]:
    return {"start": graph_time(start), "end": graph_time(start + HOUR)}


@asynccontextmanager
async def outlook() -> AsyncIterator[Outlook]:
    simulator = MicrosoftSimulator()
    simulator.quirks.short_pages = PAGE
    client = simulator.add_client("client", "secret", "https://app.example/callback")
    ada = simulator.add_account("ada@example.com", "Ada")
    async with serving(simulator, host=HOST) as url:
        reader = Reader(_read_outlook, url, Token(simulator.grant(client, ada).access.value))
        yield Outlook(reader, Account(ada.object_id, ada.email, CREDENTIALS), ada.calendar)


def _read_zoom(address: str) -> Provider:
    time = Time(now=lambda: NOW, sleep=Naps().time.sleep, chance=lambda: 0.5)
    transport = Transport(allowed_networks=ALLOWED, ssl_context=PLAIN, time=time)
    return ZoomProvider(transport, api_url=f"{address}/v2")


@dataclass(slots=True)
class Zoom:
    """Its lists are read whole each time. A moved occurrence keeps its title."""

    reader: Reader
    account: Account
    simulator: ZoomSimulator
    user: User
    elsewhere: Collection[str] = ()
    tells_in_parts: bool = False

    def put(self, uid: str, title: str) -> None:
        self._schedule(uid, title, None)

    def put_series(self, uid: str, title: str, moved: Mapping[int, str], cancelled: Collection[int]) -> set[str]:
        self._schedule(uid, title, Recurrence(WEEKLY, weekly_days="2", end_times=6))
        meeting = self.simulator.world.meetings[_number(uid)]
        for number in moved:
            start = START + number * WEEK
            meeting.move(occurrence_id(start), start + HOUR)
        for number in cancelled:
            meeting.cancel(occurrence_id(START + number * WEEK))
        return {title}

    def _schedule(self, uid: str, title: str, recurrence: Recurrence | None) -> None:
        known = self.simulator.world.meetings.get(_number(uid))
        if known is None:
            named = {"id": _number(uid), "time_zone": "UTC"}
            self.simulator.world.schedule(self.user, title, START, recurrence, **named)
        else:
            known.change(topic=title)

    def remove(self, uid: str) -> None:
        self.simulator.world.delete(_number(uid))


def _number(uid: str) -> int:
    return int.from_bytes(uid.encode())


@asynccontextmanager
async def zoom() -> AsyncIterator[Zoom]:
    simulator = ZoomSimulator()
    simulator.quirks.short_pages = PAGE
    simulator.clock.advance(NOW - datetime.now(UTC))
    app = simulator.add_client("app", "secret", "https://app.example/callback")
    ada = simulator.add_user("ada@example.com", "Ada")
    async with serving(simulator, host=HOST) as url:
        reader = Reader(_read_zoom, url, Token(simulator.grant(app, ada).access.value))
        yield Zoom(reader, Account(ada.id, ada.email, CREDENTIALS), simulator, ada)
