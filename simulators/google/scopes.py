"""Which OAuth scopes the methods of Calendar API v3 accept, and what the narrow ones leave to see."""

from collections.abc import Collection

from simulators.google.calendars import AccessRole, Calendar

SCOPE = "https://www.googleapis.com/auth/"
SIGN_IN = ("openid", "email", "profile", f"{SCOPE}userinfo.email", f"{SCOPE}userinfo.profile")
"""Scopes that a user cannot untick."""

_READ_LIST = ("calendar", "calendar.calendarlist", "calendar.calendarlist.readonly", "calendar.readonly")
_READ_EVENTS = (
    "calendar",
    "calendar.app.created",
    "calendar.events",
    "calendar.events.freebusy",
    "calendar.events.owned",
    "calendar.events.owned.readonly",
    "calendar.events.public.readonly",
    "calendar.events.readonly",
    "calendar.readonly",
)
_WRITE_EVENTS = ("calendar", "calendar.app.created", "calendar.events", "calendar.events.owned")
_READ_CALENDARS = (
    "calendar",
    "calendar.app.created",
    "calendar.calendars",
    "calendar.calendars.readonly",
    "calendar.readonly",
)
_CHANNELS = (
    *_READ_EVENTS,
    "calendar.acls",
    "calendar.acls.readonly",
    "calendar.calendarlist",
    "calendar.calendarlist.readonly",
    "calendar.settings",
    "calendar.settings.readonly",
)

METHODS: dict[str, tuple[str, ...]] = {
    method: tuple(f"{SCOPE}{scope}" for scope in scopes)
    for method, scopes in {
        "calendarList.list": _READ_LIST,
        "calendarList.get": (*_READ_LIST, "calendar.app.created"),
        "calendarList.watch": _READ_LIST,
        "calendars.get": _READ_CALENDARS,
        "events.list": _READ_EVENTS,
        "events.get": _READ_EVENTS,
        "events.instances": _READ_EVENTS,
        "events.watch": _READ_EVENTS,
        "events.insert": _WRITE_EVENTS,
        "events.update": _WRITE_EVENTS,
        "events.patch": _WRITE_EVENTS,
        "events.delete": _WRITE_EVENTS,
        "channels.stop": _CHANNELS,
    }.items()
}
"""The scopes of which a method needs any one."""


def covered(scopes: Collection[str], calendar: Calendar, role: AccessRole, client: str) -> bool:
    """Whether any of the scopes a method accepts covers this calendar: some are for one's own or public ones only."""
    return any(
        calendar.created_by == client
        if name == "calendar.app.created"
        else role == "owner"
        if "owned" in name
        else calendar.is_public
        if "public" in name
        else True
        for name in (scope.removeprefix(SCOPE) for scope in scopes)
    )


def only_busy(scopes: Collection[str]) -> bool:
    """Whether of all that grants reading events only free/busy does."""
    reading = {scope for scope in scopes if scope in METHODS["events.list"]}
    return reading == {f"{SCOPE}calendar.events.freebusy"}
