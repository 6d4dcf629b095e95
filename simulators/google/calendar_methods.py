"""`calendarList.list`, `calendarList.get` and `calendars.get`: which calendars there are."""

from dataclasses import dataclass
from typing import get_args

from starlette.routing import Route

from simulators.clock import Clock
from simulators.google.accounts import Account, Entry
from simulators.google.calendars import AccessRole
from simulators.google.calls import Call, Gate
from simulators.google.errors import full_sync_required, not_found, sync_token_with_restrictions
from simulators.google.parameters import Parameters
from simulators.google.quirks import Quirks
from simulators.google.rendering import calendar_resource, etag, list_entry
from simulators.google.shapes import CALENDAR, CALENDAR_LIST, CALENDAR_LIST_ENTRY
from simulators.google.times import JsonObject
from simulators.google.tokens import Pages, SyncToken, fingerprint, read_sync_token

_ROLES: tuple[AccessRole, ...] = get_args(AccessRole)
"""From the least to the most."""
_NOT_WITH_SYNC_TOKEN = ("minAccessRole", "showOwnOrganizationOnly")


@dataclass(frozen=True, slots=True)
class CalendarMethods:
    clock: Clock
    quirks: Quirks
    pages: Pages

    def routes(self, gate: Gate) -> list[Route]:
        listed = gate.endpoint("calendarList.list", self._list, CALENDAR_LIST)
        entry = gate.endpoint("calendarList.get", self._get_entry, CALENDAR_LIST_ENTRY)
        return [
            Route("/users/me/calendarList", listed, methods=["GET"]),
            Route("/users/me/calendarList/{calendar_id}", entry, methods=["GET"]),
            Route("/calendars/{calendar_id}", gate.endpoint("calendars.get", self._get, CALENDAR), methods=["GET"]),
        ]

    async def _get(self, call: Call) -> JsonObject:
        calendar, _ = call.calendar()
        return calendar_resource(calendar)

    async def _get_entry(self, call: Call) -> JsonObject:
        calendar, role = call.calendar()
        entry = call.account.entries.get(calendar.id)
        if entry is None or entry.is_removed:
            raise not_found()
        return list_entry(entry, role)

    async def _list(self, call: Call) -> JsonObject:
        account, given = call.account, call.parameters
        key = f"{account.email} calendarList {fingerprint(given.asked('pageToken'))}"
        envelope = {"kind": "calendar#calendarList", "etag": etag(account.path, account.revision, key)}
        token = given.text("pageToken")
        if token is not None:
            return envelope | self.pages.next(token, key)
        since = self._since(given, account)
        entries = account.changes_since(since.revision) if since else _listed(given, account)
        items = [list_entry(entry, account.role(entry.calendar)) for entry in entries]
        sync_token = SyncToken(account.path, account.revision, "", self.clock.now().isoformat())
        size = given.integer("maxResults", 100, 250) or 100
        return envelope | self.pages.first(key, items, size, str(sync_token))

    def _since(self, given: Parameters, account: Account) -> SyncToken | None:
        text = given.text("syncToken")
        if text is None:
            return None
        hides = not given.boolean("showDeleted", usual=True) or not given.boolean("showHidden", usual=True)
        if hides or any(given.has(name) for name in _NOT_WITH_SYNC_TOKEN):
            raise sync_token_with_restrictions()
        token = read_sync_token(text, account.path, account.oldest_revision, self.clock, self.quirks)
        if token.revision > account.revision:
            raise full_sync_required()
        return token


def _listed(given: Parameters, account: Account) -> list[Entry]:
    """The entries of a full listing. One whose calendar is shared no more is simply missing."""
    least = given.choice("minAccessRole", _ROLES)
    lowest = _ROLES.index(least) if least in _ROLES else 0
    shows_deleted, shows_hidden = given.boolean("showDeleted"), given.boolean("showHidden")
    listed = []
    for entry in account.entries.values():
        role = account.role(entry.calendar)
        if entry.is_removed:
            if shows_deleted:
                listed.append(entry)
        elif role is not None and _ROLES.index(role) >= lowest and (shows_hidden or not entry.is_hidden):
            listed.append(entry)
    return listed
