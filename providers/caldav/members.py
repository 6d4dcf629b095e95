"""What a calendar holds and what changed in it: names and etags, no content.

Three ways, the best that the server has (RFC 6578; RFC 4791 §7.8; RFC 4918 §9.1): sync-collection, else the etags of
all members, compared with those of last time.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from calendar_sync.domain.errors import BadResponse, CursorExpired
from calendar_sync.domain.providers import Snapshot
from providers.caldav import hrefs
from providers.caldav.cursor import Position
from providers.caldav.listing import ListedCalendar
from providers.caldav.session import DavSession, multistatus, refusal
from providers.caldav.wire import DAV, MEMBER, Multistatus, Resource, calendar_query, sync_collection
from providers.responses import Response

_log = logging.getLogger(__name__)

_MOST_ROUNDS = 10_000
"""Of a listing that the server cuts into pieces."""


@dataclass(frozen=True, slots=True)
class Delta:
    """What has to be read anew (remote id to href, as the server spells it) and what is gone since some position.

    `position` is where this leads to once all of it is read; `snapshot` says whether it is all there is.
    """

    changed: Mapping[str, str]
    removed: Sequence[str]
    position: Position
    snapshot: Snapshot


@dataclass(slots=True)
class _Members:
    """A listing as it comes in. Of a member named twice, the last holds."""

    calendar: ListedCalendar
    trusted: Sequence[str]
    etags: dict[str, str | None] = field(default_factory=dict)
    spelled: dict[str, str] = field(default_factory=dict)
    removed: dict[str, None] = field(default_factory=dict)
    foreign: int = 0

    def add(self, base: str, resources: Iterable[Resource]) -> bool:
        """Take in an answer from `base`; true where the server cut it off (RFC 6578 §3.6)."""
        is_cut = False
        for resource in resources:
            if resource.status == 507:
                is_cut = True
            else:
                self._add(base, resource)
        return is_cut

    def _add(self, base: str, resource: Resource) -> None:
        url = hrefs.within(base, resource.href, self.trusted)
        if url is None or not hrefs.is_member(url, self.calendar.url):
            self.foreign += url is None or hrefs.as_collection(hrefs.key(url)) != self.calendar.remote.remote_id
            return
        key = hrefs.key(url)
        if resource.status == 404:
            self.removed[key] = None
            self.spelled.pop(key, None)
            self.etags.pop(key, None)
        elif _may_be_an_event(resource):
            self.removed.pop(key, None)
            self.spelled[key] = resource.href if resource.href.startswith(("/", "http")) else hrefs.path_of(url)
            self.etags[key] = resource.text(f"{DAV}getetag")

    def check(self) -> None:
        """Tell the operator of what was left out. Raises `BadResponse` where that was everything."""
        if not self.foreign:
            return
        if not self.spelled and not self.removed:
            raise BadResponse("The server lists nothing but events that are not in this calendar.")
        _log.warning("Left out %d hrefs that a server listed outside of their calendar.", self.foreign)


def _may_be_an_event(resource: Resource) -> bool:
    kind = resource.text(f"{DAV}getcontenttype")
    is_collection = f"{DAV}collection" in resource.children(f"{DAV}resourcetype")
    return not is_collection and (kind is None or kind.lower().startswith("text/calendar"))


class MemberReader:
    """Lists one calendar's members. `trusted` are hosts as in `hrefs.within`."""

    def __init__(self, session: DavSession, calendar: ListedCalendar, trusted: Sequence[str]) -> None:
        self._session = session
        self._calendar = calendar
        self._trusted = trusted

    async def since(self, position: Position | None) -> Delta:
        """What changed after a position, or everything there is.

        Raises `CursorExpired` where the server no longer knows the position, or seems to have lost most of what was
        there: that is for a whole reading to confirm.
        """
        if position is None:
            members, token = await self._everything()
            return Delta(members.spelled, (), self._position(members, token), Snapshot.WHOLE)
        if position.token is not None:
            members, token = await self._synced(position.token)
            removed = tuple(members.removed)
            delta = Delta(members.spelled, removed, self._position(members, token), Snapshot.NONE)
        else:
            delta = self._compared(position, *await self._everything())
        again = {key: href for key, href in position.withheld.items() if key not in delta.removed}
        return replace(delta, changed={**again, **delta.changed})

    def _compared(self, before: Position, members: _Members, token: str | None) -> Delta:
        gone = [name for name in before.etags if self._key(name) not in members.etags]
        if len(gone) * 2 > len(before.etags):
            raise CursorExpired
        changed = {
            key: href
            for key, href in members.spelled.items()
            if members.etags[key] is None or before.etags.get(self._name(key)) != members.etags[key]
        }
        removed = tuple(self._key(name) for name in gone)
        return Delta(changed, removed, self._position(members, token), Snapshot.NONE)

    def _position(self, members: _Members, token: str | None) -> Position:
        """Etags are kept by name within the calendar, and only where the server does not keep track itself."""
        kept = {self._name(key): etag for key, etag in members.etags.items()} if token is None else {}
        return Position(self._calendar.version, token, kept)

    def _key(self, name: str) -> str:
        return f"{self._calendar.remote.remote_id}{name}"

    def _name(self, key: str) -> str:
        return key.removeprefix(self._calendar.remote.remote_id)

    async def _everything(self) -> tuple[_Members, str | None]:
        """All members, with a sync token where the server gives one."""
        if self._calendar.can_sync:
            try:
                return await self._synced(None)
            except CursorExpired:
                pass  # it promised sync-collection, but will not start one
        return await self._etags(), None

    async def _synced(self, token: str | None) -> tuple[_Members, str]:
        """Ask with sync-collection until the answer is whole. Raises `CursorExpired` where the server will not say."""
        members, known = _Members(self._calendar, self._trusted), {token}
        for _ in range(_MOST_ROUNDS):
            response = await self._session.report(self._calendar.url, sync_collection(token), depth=0)
            answer = await _sync_answer(response)
            is_cut = members.add(response.url, answer.resources)
            token = answer.sync_token
            if token is None:
                raise CursorExpired
            if not is_cut:
                members.check()
                return members, token
            if token in known:
                break
            known.add(token)
        raise BadResponse("The server's list of changes does not end.")

    async def _etags(self) -> _Members:
        """All members by calendar-query, or by PROPFIND where that is refused or finds nothing."""
        members = _Members(self._calendar, self._trusted)
        if self._calendar.can_query:
            response = await self._session.report(self._calendar.url, calendar_query(), depth=1)
            if response.status == 207:
                members.add(response.url, (await multistatus(response)).resources)
        if not members.spelled:
            response = await self._session.propfind(self._calendar.url, MEMBER, depth=1)
            answer = await multistatus(response)
            if not answer.resources:
                raise BadResponse("The server's answer says nothing.")
            members.add(response.url, answer.resources)
        members.check()
        return members


async def _sync_answer(response: Response) -> Multistatus:
    """The answer to a sync-collection report.

    An expired token is refused with `DAV:valid-sync-token` and a 403 by the book, but with 400, 409, 410, 412 or 500
    elsewhere, as XML, as text or without a word. So any refusal but "not found" is taken for one: what is truly wrong
    shows in the whole reading that follows.
    """
    if response.status in {207, 404}:
        return await multistatus(response)
    raise CursorExpired from refusal(response)
