"""What the server holds: users, their calendars, and the objects in those, with the history that sync tokens need."""

import re
from dataclasses import dataclass, field
from hashlib import blake2b
from urllib.parse import quote

_COMPONENT = re.compile(rb"^BEGIN:(VEVENT|VTODO|VJOURNAL|VFREEBUSY)\s*$", re.MULTILINE | re.IGNORECASE)
_TOKEN_BASE = "https://simulator.invalid/ns/sync/"  # noqa: S105 - a sync token is no secret


class UnknownToken(Exception):
    """The sync token was never given out for this calendar, or has been forgotten."""


@dataclass(frozen=True, slots=True)
class CalendarObject:
    """A calendar object resource: its bytes as they were put."""

    name: str
    body: bytes

    @property
    def etag(self) -> str:
        return f'"{blake2b(self.body, digest_size=12).hexdigest()}"'

    @property
    def component(self) -> str | None:
        """`VEVENT`, `VTODO`, …: what the object is made of."""
        match = _COMPONENT.search(self.body)
        return match[1].decode().upper() if match else None


@dataclass(slots=True)
class Calendar:
    """A calendar collection.

    `timezone` is an IANA name. Every change raises `revision`; `changed` says at which revision each name, present or
    removed, last changed.
    """

    name: str
    displayname: str | None = None
    description: str | None = None
    color: str | None = None
    timezone: str | None = None
    components: tuple[str, ...] | None = ("VEVENT", "VTODO")
    is_read_only: bool = False
    resource_types: tuple[str, ...] = ("calendar",)
    objects: dict[str, CalendarObject] = field(default_factory=dict)
    revision: int = 0
    changed: dict[str, int] = field(default_factory=dict)
    oldest_token: int = 0

    def put(self, name: str, body: str | bytes) -> CalendarObject:
        """Store an object as it is, valid or not."""
        stored = CalendarObject(name, body.encode() if isinstance(body, str) else body)
        self.objects[name] = stored
        self._touch(name)
        return stored

    def remove(self, name: str) -> None:
        del self.objects[name]
        self._touch(name)

    def expire_tokens(self) -> None:
        """Forget every sync token given out so far."""
        self.revision += 1
        self.oldest_token = self.revision

    def _touch(self, name: str) -> None:
        self.revision += 1
        self.changed[name] = self.revision

    @property
    def ctag(self) -> str:
        return f'"{self.revision}"'

    @property
    def sync_token(self) -> str:
        return self.token_of(self.revision)

    def token_of(self, revision: int) -> str:
        return f"{_TOKEN_BASE}{quote(self.name)}/{revision}"

    def revision_of(self, token: str) -> int:
        """The revision a sync token stands for. Raises `UnknownToken`."""
        number = token.removeprefix(f"{_TOKEN_BASE}{quote(self.name)}/")
        if not number.isdecimal() or not self.oldest_token <= int(number) <= self.revision:
            raise UnknownToken(token)
        return int(number)

    def changes_since(self, revision: int) -> list[tuple[int, str]]:
        """What changed after a revision, oldest first; from nothing, removed objects are no change."""
        changes = sorted((at, name) for name, at in self.changed.items() if at > revision)
        return changes if revision else [(at, name) for at, name in changes if name in self.objects]


@dataclass(slots=True)
class User:
    """`addresses` are where invitations reach the user, without `mailto:`."""

    name: str
    password: str
    addresses: tuple[str, ...] = ()
    calendars: dict[str, Calendar] = field(default_factory=dict)

    def add_calendar(self, name: str, *, displayname: str | None = None) -> Calendar:
        self.calendars[name] = Calendar(name, displayname or name.title())
        return self.calendars[name]


@dataclass(slots=True)
class Store:
    users: dict[str, User] = field(default_factory=dict)

    def add_user(self, name: str, password: str, *addresses: str) -> User:
        user = User(name, password, addresses)
        self.users[name] = user
        return user

    def expire_tokens(self) -> None:
        """Forget every sync token given out so far."""
        for user in self.users.values():
            for calendar in user.calendars.values():
                calendar.expire_tokens()
