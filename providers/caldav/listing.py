"""The calendars of a home (RFC 4791 §5.2, §6.2.1), as a PROPFIND on it tells them, with the version of each."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from calendar_sync.domain.providers import RemoteCalendar
from providers.caldav import hrefs
from providers.caldav.wire import APPLE, CALDAV, CALENDAR_SERVER, DAV, Multistatus, Resource
from providers.icalendar.zone_names import iana_name

_NOT_CALENDARS = frozenset(
    {
        f"{CALDAV}schedule-inbox",
        f"{CALDAV}schedule-outbox",
        f"{CALENDAR_SERVER}notification",
        f"{CALENDAR_SERVER}dropbox-home",
        f"{CALENDAR_SERVER}subscribed",  # a pointer to a feed: there is nothing to read in it
        "{http://nextcloud.com/ns}deleted-calendar",
        "{http://nextcloud.com/ns}trash-bin",
    }
)
_WRITES = frozenset({f"{DAV}all", f"{DAV}write", f"{DAV}write-content", f"{DAV}bind"})
_ZONE_NAME = re.compile(r"^(?:TZID|X-LIC-LOCATION)(?:;[^:\r\n]*)?:(.+?)\s*$", re.MULTILINE | re.IGNORECASE)
_COLOR = re.compile(r"(#[0-9a-f]{6})(?:[0-9a-f]{2})?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ListedCalendar:
    """A calendar as listed.

    `url` is in the server's own spelling. `version` changes with the calendar's content: its sync token, else its
    ctag, else `None`. `can_sync` says that it answers sync-collection, `can_query` that it may answer calendar-query.
    """

    url: str
    remote: RemoteCalendar
    version: str | None
    can_sync: bool
    can_query: bool


def read_calendars(base: str, answer: Multistatus, trusted: Sequence[str]) -> Sequence[ListedCalendar]:
    """The calendars with events among what a PROPFIND answered from `base`; one named twice counts once.

    Those on a host other than `base`'s are left out, but for hosts `trusted` as in `hrefs.within`.
    """
    defaults = _default_calendars(base, answer)
    found: dict[str, ListedCalendar] = {}
    for resource in answer.resources:
        url = hrefs.within(base, resource.href, trusted)
        if url is not None and _is_calendar(resource):
            key = hrefs.as_collection(hrefs.key(url))
            found[key] = _listed(hrefs.as_collection(url), key, resource, is_primary=key in defaults)
    return tuple(found.values())


def _is_calendar(resource: Resource) -> bool:
    types = resource.children(f"{DAV}resourcetype")
    if f"{CALDAV}calendar" not in types or types & _NOT_CALENDARS:
        return False
    components = resource.properties.get(f"{CALDAV}supported-calendar-component-set")
    names = set() if components is None else {str(each.get("name")).upper() for each in components}
    return not names or "VEVENT" in names


def _default_calendars(base: str, answer: Multistatus) -> frozenset[str]:
    """Where new invitations go (RFC 6638 §9.2), which the schedule inbox tells: the user's main calendar."""
    named = (
        hrefs.resolve(base, href)
        for resource in answer.resources
        for href in resource.hrefs(f"{CALDAV}schedule-default-calendar-URL")
    )
    return frozenset(hrefs.as_collection(hrefs.key(url)) for url in named if url is not None)


def _listed(url: str, key: str, resource: Resource, *, is_primary: bool) -> ListedCalendar:
    token = resource.text(f"{DAV}sync-token")
    reports = resource.children(f"{DAV}supported-report-set")
    remote = RemoteCalendar(
        remote_id=key,
        name=resource.text(f"{DAV}displayname"),
        description=resource.text(f"{CALDAV}calendar-description"),
        color=_color(resource.text(f"{APPLE}calendar-color")),
        time_zone=_time_zone(resource),
        is_primary=is_primary,
        is_read_only=_is_read_only(resource),
    )
    return ListedCalendar(
        url,
        remote,
        version=token or resource.text(f"{CALENDAR_SERVER}getctag"),
        can_sync=token is not None or f"{DAV}sync-collection" in reports,
        can_query=f"{DAV}supported-report-set" not in resource.properties or f"{CALDAV}calendar-query" in reports,
    )


def _color(text: str | None) -> str | None:
    """`#RRGGBB` without the opacity that Apple adds."""
    match = _COLOR.fullmatch(text or "")
    return match[1].lower() if match else None


def _time_zone(resource: Resource) -> str | None:
    """calendar-timezone-id (RFC 7809 §5.2), else the names in the VTIMEZONE of calendar-timezone."""
    named = [resource.text(f"{CALDAV}calendar-timezone-id") or ""]
    named += _ZONE_NAME.findall(resource.text(f"{CALDAV}calendar-timezone") or "")
    return next(filter(None, map(iana_name, named)), None)


def _is_read_only(resource: Resource) -> bool:
    privileges = resource.children(f"{DAV}current-user-privilege-set")
    return bool(privileges) and not privileges & _WRITES
