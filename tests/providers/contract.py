"""The suite every provider passes: `calendar_sync.domain.providers`, said in tests.

A provider's own test module brings a `Remote`, a driver for the outside service as it really is (a server or a
simulator on a loopback port), and subclasses the suite:

    class TestIcs(ProviderContract):
        @pytest.fixture
        async def remote(self) -> AsyncIterator[Remote]:
            ...
"""

from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

import pytest

from calendar_sync.domain.errors import CursorExpired, Disconnected, Invalid, ProviderError, Unavailable
from calendar_sync.domain.events import Event, Window
from calendar_sync.domain.providers import (
    Account,
    ChangePage,
    Cursor,
    Provider,
    ProviderClient,
    Quarantine,
    RemoteCalendar,
    Removal,
    Snapshot,
    Upsert,
)

WINDOW = Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class Meeting:
    """A single event of an hour, as the outside service holds it."""

    uid: str
    title: str = "Planning"
    start: datetime = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)

    def icalendar(self) -> str:
        """A VEVENT with CRLF line ends, for services that hold iCalendar."""
        stamp = "%Y%m%dT%H%M%SZ"
        lines = (
            "BEGIN:VEVENT",
            f"UID:{self.uid}",
            "DTSTAMP:20260101T000000Z",
            f"DTSTART:{self.start:{stamp}}",
            f"DTEND:{self.start + timedelta(hours=1):{stamp}}",
            f"SUMMARY:{self.title}",
            "END:VEVENT",
        )
        return "".join(f"{line}\r\n" for line in lines)


class Remote(Protocol):
    """The outside service, driven from the other side. It starts with one empty calendar."""

    @property
    def provider(self) -> Provider:
        """Made so that waiting between retries takes no time."""
        ...

    @property
    def credentials(self) -> Mapping[str, str]: ...

    @property
    def spellings(self) -> Sequence[Mapping[str, str]]:
        """Other ways to type the same account's credentials."""
        ...

    async def put(self, meeting: Meeting) -> None:
        """Add a meeting, or change the one with its uid."""
        ...

    async def put_unreadable(self, uid: str) -> None:
        """Add an event object that nobody can understand (a DTSTART that is no time, say)."""
        ...

    async def remove(self, uid: str) -> None: ...

    async def forget_cursors(self) -> None:
        """Make the service reject the cursors it gave so far, if it can."""
        ...

    async def break_down(self) -> None:
        """From now on the service answers nobody properly (closed port, or 503)."""
        ...

    async def revoke(self) -> None:
        """From now on the service refuses the credentials."""
        ...


@dataclass(slots=True)
class Copy:
    """What a store would hold: readings applied by the rules of `ChangePage`."""

    events: dict[str, Event] = field(default_factory=dict)

    def apply(self, pages: Sequence[ChangePage]) -> None:
        listed: set[str] = set()
        for page in pages:
            for change in page.changes:
                listed.add(change.remote_id)
                match change:
                    case Upsert(event):
                        self.events[change.remote_id] = event
                    case Removal():
                        self.events.pop(change.remote_id, None)
            if page.snapshot is not Snapshot.NONE:
                self.events = {key: event for key, event in self.events.items() if key in listed}

    @property
    def titles(self) -> dict[str, str | None]:
        return {event.uid: event.details.title for event in self.events.values()}


@dataclass(frozen=True, slots=True)
class Reading:
    pages: Sequence[ChangePage]
    requests: int

    @property
    def cursor(self) -> Cursor:
        cursor = self.pages[-1].cursor
        assert cursor is not None, "the last page of a reading carries its cursor"
        return cursor

    @property
    def snapshot(self) -> Snapshot:
        return self.pages[-1].snapshot

    @property
    def uids(self) -> set[str]:
        return {change.event.uid for page in self.pages for change in page.changes if isinstance(change, Upsert)}

    @property
    def quarantined(self) -> list[Quarantine]:
        return [change for page in self.pages for change in page.changes if isinstance(change, Quarantine)]


@asynccontextmanager
async def opened(remote: Remote) -> AsyncIterator[tuple[Account, ProviderClient]]:
    account = await remote.provider.connect(remote.credentials)
    async with remote.provider.open(account) as client:
        yield account, client


async def the_calendar(client: ProviderClient) -> RemoteCalendar:
    calendars = [calendar async for calendar in client.calendars()]
    assert len(calendars) == 1, "the remote of a contract test has one calendar"
    return calendars[0]


async def read(client: ProviderClient, calendar: RemoteCalendar, since: Cursor | None = None) -> Reading:
    before = client.requests
    async with aclosing(client.changes(calendar, since, WINDOW)) as changes:
        pages = [page async for page in changes]
    assert pages, "a reading has at least one page"
    return Reading(pages, client.requests - before)


async def read_afresh(remote: Remote, since: Cursor | None = None) -> Reading:
    """Connect, open and read, as another sync run would."""
    async with opened(remote) as (_, client):
        return await read(client, await the_calendar(client), since)


async def _collect(
    client: ProviderClient, calendar: RemoteCalendar, since: Cursor | None, pages: list[ChangePage]
) -> None:
    """Read into `pages`, so that what came before an error is seen too."""
    async for page in client.changes(calendar, since, WINDOW):
        pages.append(page)  # noqa: PERF401


def instant(event: Event) -> datetime:
    return event.time.start.replace(tzinfo=ZoneInfo(event.time.zone), fold=event.time.fold).astimezone(UTC)


class ProviderContract:
    """Subclassed once per provider; `remote` is a fixture of the subclass."""

    requests_when_unchanged = 1
    """More only where the service has no other way to say that nothing changed."""
    cursors_are_the_services = True
    """Else the provider writes all of them itself, and the service has none to forget."""

    # Accounts

    async def test_connecting_again_gives_the_same_identity(self, remote: Remote) -> None:
        first = await remote.provider.connect(remote.credentials)
        second = await remote.provider.connect(remote.credentials)

        assert first.identity
        assert second.identity == first.identity

    async def test_every_spelling_of_an_account_gives_the_same_identity(self, remote: Remote) -> None:
        account = await remote.provider.connect(remote.credentials)

        for spelling in remote.spellings:
            assert (await remote.provider.connect(spelling)).identity == account.identity

    async def test_missing_credentials_are_named_by_their_field(self, remote: Remote) -> None:
        with pytest.raises(Invalid) as refused:
            await remote.provider.connect({})

        assert refused.value.field.startswith("credentials.")

    async def test_opening_sends_nothing(self, remote: Remote) -> None:
        async with opened(remote) as (_, client):
            assert client.requests == 0

    # Calendars

    async def test_listing_calendars_twice_gives_the_same_calendars(self, remote: Remote) -> None:
        async with opened(remote) as (_, client):
            first = await the_calendar(client)
            second = await the_calendar(client)

        assert first.remote_id
        assert second == first

    # First reading

    async def test_an_empty_calendar_is_read_as_empty(self, remote: Remote) -> None:
        reading = await read_afresh(remote)

        assert reading.uids == set()
        assert reading.snapshot is not Snapshot.NONE
        assert reading.cursor

    async def test_the_first_reading_lists_everything_and_says_so(self, remote: Remote) -> None:
        meetings = [
            Meeting(f"m{number}", f"Meeting {number}", WINDOW.start + timedelta(days=number)) for number in range(7)
        ]
        for meeting in meetings:
            await remote.put(meeting)

        reading = await read_afresh(remote)

        copy = Copy()
        copy.apply(reading.pages)
        assert copy.titles == {meeting.uid: meeting.title for meeting in meetings}
        starts = {event.uid: instant(event) for event in copy.events.values()}
        assert starts == {meeting.uid: meeting.start for meeting in meetings}
        assert reading.snapshot is not Snapshot.NONE
        assert reading.requests > 0

    async def test_two_readings_of_the_same_calendar_give_equal_events(self, remote: Remote) -> None:
        await remote.put(Meeting("a"))
        await remote.put(Meeting("b", "Review"))
        first, second = Copy(), Copy()

        first.apply((await read_afresh(remote)).pages)
        second.apply((await read_afresh(remote)).pages)

        assert first == second

    async def test_an_event_that_cannot_be_understood_hides_no_other(self, remote: Remote) -> None:
        await remote.put(Meeting("a"))
        await remote.put_unreadable("broken")
        await remote.put(Meeting("z"))

        reading = await read_afresh(remote)

        assert reading.uids == {"a", "z"}
        assert len(reading.quarantined) == 1
        assert reading.quarantined[0].reason
        assert len(reading.quarantined[0].source) <= 64 * 1024

    # Increments

    async def test_only_the_last_page_carries_a_cursor_and_a_snapshot(self, remote: Remote) -> None:
        await remote.put(Meeting("a"))
        first = await read_afresh(remote)
        await remote.put(Meeting("b"))
        second = await read_afresh(remote, first.cursor)

        for reading in (first, second):
            assert reading.pages[-1].cursor
            assert all(page.cursor is None and page.snapshot is Snapshot.NONE for page in reading.pages[:-1])

    async def test_nothing_changed_costs_least_and_gives_one_empty_page(self, remote: Remote) -> None:
        await remote.put(Meeting("a"))
        first = await read_afresh(remote)

        again = await read_afresh(remote, first.cursor)

        assert len(again.pages) == 1
        assert not again.pages[0].changes
        assert again.snapshot is Snapshot.NONE
        assert again.cursor
        assert again.requests <= self.requests_when_unchanged

    async def test_an_added_event_is_told(self, remote: Remote) -> None:
        await remote.put(Meeting("a"))
        first = await read_afresh(remote)
        await remote.put(Meeting("b", "Review"))

        self._tells(await read_afresh(remote, first.cursor), first, {"a": "Planning", "b": "Review"}, changed={"b"})

    async def test_a_changed_event_is_told(self, remote: Remote) -> None:
        await remote.put(Meeting("a"))
        await remote.put(Meeting("b"))
        first = await read_afresh(remote)
        await remote.put(Meeting("b", "Moved to the lake"))

        then = await read_afresh(remote, first.cursor)

        self._tells(then, first, {"a": "Planning", "b": "Moved to the lake"}, changed={"b"})

    async def test_a_removed_event_is_told(self, remote: Remote) -> None:
        await remote.put(Meeting("a"))
        await remote.put(Meeting("b"))
        first = await read_afresh(remote)
        await remote.remove("b")

        self._tells(await read_afresh(remote, first.cursor), first, {"a": "Planning"}, changed=set())

    async def test_a_cursor_may_be_used_again(self, remote: Remote) -> None:
        await remote.put(Meeting("a"))
        first = await read_afresh(remote)
        await remote.put(Meeting("b"))
        once, twice = Copy(), Copy()

        once.apply((await read_afresh(remote, first.cursor)).pages)
        twice.apply((await read_afresh(remote, first.cursor)).pages)

        assert once == twice

    async def test_a_reading_may_be_broken_off_and_begun_anew(self, remote: Remote) -> None:
        await remote.put(Meeting("a"))

        async with opened(remote) as (_, client):
            calendar = await the_calendar(client)
            changes = client.changes(calendar, None, WINDOW)
            await anext(changes)
            await changes.aclose()
            reading = await read(client, calendar)

        assert reading.uids == {"a"}

    async def test_a_forgotten_cursor_leads_to_a_whole_reading(self, remote: Remote) -> None:
        await remote.put(Meeting("a"))
        first = await read_afresh(remote)
        await remote.put(Meeting("b"))
        await remote.remove("a")
        await remote.forget_cursors()
        copy = Copy()
        copy.apply(first.pages)

        try:
            reading = await read_afresh(remote, first.cursor)
        except CursorExpired:
            reading = await read_afresh(remote)

        copy.apply(reading.pages)
        assert set(copy.titles) == {"b"}
        assert reading.snapshot is not Snapshot.NONE or not self.cursors_are_the_services

    # Faults

    async def test_a_broken_service_is_unavailable_and_removes_nothing(self, remote: Remote) -> None:
        await remote.put(Meeting("a"))
        first = await read_afresh(remote)

        await self._fails(remote, first, remote.break_down(), Unavailable)

    async def test_revoked_credentials_ask_for_a_reconnect_and_remove_nothing(self, remote: Remote) -> None:
        await remote.put(Meeting("a"))
        first = await read_afresh(remote)

        await self._fails(remote, first, remote.revoke(), Disconnected)

    async def _fails(self, remote: Remote, first: Reading, fault: Awaitable[None], error: type[ProviderError]) -> None:
        """Something changed after the first reading, so that even a listing cannot spare the provider the question."""
        pages: list[ChangePage] = []
        await remote.put(Meeting("later"))
        async with opened(remote) as (account, client):
            calendar = await the_calendar(client)
            await fault
            for since in (first.cursor, None):
                with pytest.raises(error) as raised:
                    await _collect(client, calendar, since, pages)
                assert not any(secret in raised.value.message for secret in account.credentials.values())

        assert all(page.snapshot is Snapshot.NONE and page.cursor is None for page in pages)
        assert not any(isinstance(change, Removal) for page in pages for change in page.changes)

    def _tells(self, reading: Reading, first: Reading, expected: dict[str, str], changed: set[str]) -> None:
        """Applied to what was read first, the reading gives `expected`; an increment names the change alone."""
        copy = Copy()
        copy.apply(first.pages)
        copy.apply(reading.pages)
        assert copy.titles == expected
        if reading.snapshot is Snapshot.NONE:
            assert reading.uids == changed
