"""Reads one CalDAV account: its calendars, and what changed in them."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from calendar_sync.domain.errors import BadResponse, CalendarGone, ProviderError, Unavailable
from calendar_sync.domain.events import Window
from calendar_sync.domain.providers import Change, ChangePage, Cursor, RemoteCalendar, Removal, Snapshot
from providers.caldav.cursor import Position, read_cursor, write_cursor
from providers.caldav.discovery import Discovery, Site
from providers.caldav.listing import ListedCalendar, read_calendars
from providers.caldav.members import Delta, MemberReader
from providers.caldav.objects import Context, ObjectReader
from providers.caldav.session import DavSession, Forbidden, multistatus
from providers.caldav.wire import CALENDAR


@dataclass(slots=True)
class CalDavClient:
    """A `ProviderClient`.

    The listing of a home tells the version of each calendar, so that the first `changes` after it needs no request
    for one that has not changed.
    """

    session: DavSession
    site: Site
    start: str
    """The address that led to the site, for when a home is not where it was any more."""
    trusted: Sequence[str] = ()
    addresses: frozenset[str] = frozenset()
    _listed: dict[str, ListedCalendar] = field(default_factory=dict)
    _fresh: set[str] = field(default_factory=set)
    _has_looked_again: bool = False

    @property
    def requests(self) -> int:
        return self.session.requests

    async def calendars(self) -> AsyncGenerator[RemoteCalendar]:
        for listed in (await self.listing()).values():
            yield listed.remote

    async def changes(
        self, calendar: RemoteCalendar, since: Cursor | None, window: Window
    ) -> AsyncGenerator[ChangePage]:
        """The whole calendar is read, whatever the window: only so is it known what is gone."""
        listed = await self._find(calendar.remote_id)
        is_fresh = calendar.remote_id in self._fresh
        self._fresh.discard(calendar.remote_id)  # later on, the listing says nothing of what changed meanwhile
        position = None if since is None else read_cursor(since)
        is_unchanged = is_fresh and position is not None and position.is_at(listed.version)
        try:
            async with aclosing(self._read(listed, position, is_unchanged=is_unchanged)) as pages:
                async for page in pages:
                    yield page
        except (CalendarGone, Forbidden) as err:
            raise await self._explanation(listed, err) from err

    async def _read(
        self, listed: ListedCalendar, position: Position | None, *, is_unchanged: bool
    ) -> AsyncGenerator[ChangePage]:
        if position is not None and is_unchanged:
            delta = Delta(position.withheld, (), position, Snapshot.NONE)
        else:
            delta = await MemberReader(self.session, listed, self.trusted).since(position)
        context = Context(listed.remote.time_zone or "UTC", self.addresses)
        objects = ObjectReader(self.session, listed, context, self.trusted)
        held: Sequence[Change] = ()
        async with aclosing(objects.read(delta.changed)) as portions:
            async for changes in portions:
                if held:
                    yield ChangePage(held)
                held = changes
        removals = [Removal(key) for key in delta.removed]
        reached = replace(delta.position, withheld=objects.withheld)
        yield ChangePage([*held, *removals], write_cursor(reached), delta.snapshot)

    async def _explanation(self, listed: ListedCalendar, error: ProviderError) -> ProviderError:
        """What it means that a calendar cannot be read any more: a new listing shows whether it is still there."""
        if listed.remote.remote_id not in await self.listing():
            return CalendarGone("The calendar is no longer there.")
        if isinstance(error, CalendarGone):
            return Unavailable("The server lists the calendar, but does not find it.")
        return error

    async def _find(self, remote_id: str) -> ListedCalendar:
        listed = self._listed.get(remote_id) or (await self.listing()).get(remote_id)
        if listed is None:
            raise CalendarGone("The calendar is no longer there.")
        return listed

    async def listing(self) -> Mapping[str, ListedCalendar]:
        """The account's calendars by remote id, asked for anew: one request a home."""
        try:
            found = await self._list_site()
        except (CalendarGone, Forbidden):
            if self._has_looked_again:
                raise
            self._has_looked_again = True
            self.site = await self._site_now()
            found = await self._list_site()
        self._listed = {calendar.remote.remote_id: calendar for calendar in found}
        self._fresh = set(self._listed)
        return self._listed

    async def _site_now(self) -> Site:
        site = await Discovery(self.session).find(self.start)
        if site is None:
            raise Unavailable("The server no longer says where the account's calendars are.")
        return site

    async def _list_site(self) -> Sequence[ListedCalendar]:
        found = [calendar for home in self.site.homes for calendar in await self._list_at(home, depth=1)]
        return found + [calendar for url in self.site.calendars for calendar in await self._list_at(url, depth=0)]

    async def _list_at(self, url: str, *, depth: int) -> Sequence[ListedCalendar]:
        response = await self.session.propfind(url, CALENDAR, depth=depth)
        answer = await multistatus(response)
        if not answer.resources:
            raise BadResponse("The server's answer says nothing.")
        return read_calendars(response.url, answer, self.trusted)
