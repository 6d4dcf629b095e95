"""A provider that does what a test tells it: the source of truth that the store must come to equal."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from calendar_sync.domain.errors import CursorExpired, ProviderError
from calendar_sync.domain.events import Event, Window
from calendar_sync.domain.providers import (
    Account,
    Change,
    ChangePage,
    Cursor,
    ProviderClient,
    ProviderName,
    RemoteCalendar,
    Removal,
    Snapshot,
    Upsert,
)

Hook = Callable[[], Awaitable[None]]


@dataclass
class ScriptedCalendar:
    """A calendar with a log of changes. A cursor is a position in the log; those before `forgotten` are expired."""

    remote: RemoteCalendar
    events: dict[str, Event] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    forgotten: int = 0

    def put(self, event: Event) -> None:
        self.events[event.remote_id] = event
        self.log.append(event.remote_id)

    def remove(self, remote_id: str) -> None:
        if self.events.pop(remote_id, None) is not None:
            self.log.append(remote_id)

    def forget_cursors(self) -> None:
        self.log.append("")
        self.forgotten = len(self.log)

    def changes_since(self, position: int) -> list[Change]:
        return [self._change(remote_id) for remote_id in dict.fromkeys(self.log[position:]) if remote_id]

    def _change(self, remote_id: str) -> Change:
        event = self.events.get(remote_id)
        return Removal(remote_id) if event is None else Upsert(event)


@dataclass
class ScriptedProvider:
    """`fail_at` raises an error instead of the n-th page (from 0) of the next reading; `before_page` runs first.

    `before_listing` is raised instead of the list of calendars.
    """

    name: ProviderName = ProviderName.CALDAV
    calendars: dict[str, ScriptedCalendar] = field(default_factory=dict)
    page_size: int = 2
    repeat_pages: bool = False
    fail_at: tuple[int, ProviderError] | None = None
    before_page: Hook | None = None
    before_reading: Callable[[], None] | None = None
    before_listing: Exception | None = None
    readings: list[tuple[str, Cursor | None]] = field(default_factory=list)
    made: int = 0

    def calendar(self, remote_id: str = "main") -> ScriptedCalendar:
        """The calendar of that name; made when first asked for. One made anew knows no cursor of the one before."""
        if remote_id not in self.calendars:
            self.made += 1000
            log = [""] * self.made
            remote = RemoteCalendar(remote_id, name=remote_id)
            self.calendars[remote_id] = ScriptedCalendar(remote, log=log, forgotten=len(log))
        return self.calendars[remote_id]

    async def connect(self, credentials: Mapping[str, str]) -> Account:
        return Account(credentials.get("username", "someone"), "someone@example.com", credentials)

    @asynccontextmanager
    async def open(self, account: Account) -> AsyncGenerator[ProviderClient]:
        yield ScriptedClient(self)


@dataclass
class ScriptedClient:
    provider: ScriptedProvider
    requests: int = 0

    async def calendars(self) -> AsyncGenerator[RemoteCalendar]:
        self.requests += 1
        if self.provider.before_listing is not None:
            raise self.provider.before_listing
        for calendar in list(self.provider.calendars.values()):
            yield calendar.remote

    async def changes(
        self, calendar: RemoteCalendar, since: Cursor | None, window: Window
    ) -> AsyncGenerator[ChangePage]:
        self.provider.readings.append((calendar.remote_id, since))
        if self.provider.before_reading is not None:
            self.provider.before_reading()
        source = self.provider.calendars[calendar.remote_id]
        if since is not None and int(since) < source.forgotten:
            raise CursorExpired
        for number, page in enumerate(self._pages(source, since)):
            self.requests += 1
            await self._interfere(number)
            yield page

    def _pages(self, source: ScriptedCalendar, since: Cursor | None) -> Sequence[ChangePage]:
        cursor = Cursor(str(len(source.log)))
        changes: list[Change] = (
            [Upsert(event) for event in source.events.values()] if since is None else source.changes_since(int(since))
        )
        size = self.provider.page_size
        pages = [ChangePage(changes[at : at + size]) for at in range(0, len(changes), size)]
        if self.provider.repeat_pages:
            pages = [page for page in pages for _ in range(2)]
        last = ChangePage((), cursor, Snapshot.WHOLE if since is None else Snapshot.NONE)
        return [*pages[:-1], ChangePage(pages[-1].changes, last.cursor, last.snapshot)] if pages else [last]

    async def _interfere(self, number: int) -> None:
        if self.provider.before_page is not None:
            await self.provider.before_page()
        if self.provider.fail_at is not None and self.provider.fail_at[0] == number:
            error = self.provider.fail_at[1]
            self.provider.fail_at = None
            raise error
