"""Google accounts and what stands on their calendar lists."""

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import blake2b
from secrets import token_hex
from typing import Any

from simulators.clock import Clock
from simulators.google.calendars import AccessRole, Calendar


@dataclass(slots=True, eq=False)
class Entry:
    """A calendar as one account sees it on its list. A removed one is kept as a tombstone."""

    calendar: Calendar
    revision: int
    summary_override: str | None = None
    background_color: str = "#9fe1e7"
    is_selected: bool = True
    is_hidden: bool = False
    is_primary: bool = False
    is_removed: bool = False


@dataclass(slots=True, eq=False)
class Account:
    """A person with a primary calendar; `aliases` are further addresses of theirs."""

    email: str
    name: str
    aliases: tuple[str, ...] = ()
    entries: dict[str, Entry] = field(default_factory=dict)
    revision: int = 1
    oldest_revision: int = 0
    clock: Clock = field(default_factory=Clock)
    on_change: Callable[[str, str], None] = lambda path, state: None

    @property
    def subject(self) -> str:
        """Google's unchanging id of the account, the `sub` of its ID tokens."""
        return str(int.from_bytes(blake2b(self.email.encode(), digest_size=9).digest()))

    @property
    def path(self) -> str:
        return f"users/{self.email}/calendarList"

    @property
    def primary(self) -> Calendar:
        return self.entries[self.email].calendar

    def role(self, calendar: Calendar) -> AccessRole | None:
        """What this account may do with a calendar."""
        if calendar.is_deleted:
            return None
        return calendar.access.get(self.email) or ("reader" if calendar.is_public else None)

    def add_calendar(self, summary: str, **properties: Any) -> Calendar:  # noqa: ANN401 - those of Calendar
        """A secondary calendar of one's own."""
        calendar_id = properties.pop("id", f"c_{token_hex(16)}@group.calendar.google.com")
        calendar = Calendar(calendar_id, summary, self.email, clock=self.clock, on_change=self.on_change, **properties)
        return self.subscribe(calendar, "owner")

    def subscribe(self, calendar: Calendar, role: AccessRole) -> Calendar:
        """Give this account access to a calendar and put it on the list."""
        calendar.access[self.email] = role
        self.entries[calendar.id] = Entry(calendar, self._next_revision(), is_primary=calendar.id == self.email)
        self._changed()
        return calendar

    def unsubscribe(self, calendar: Calendar) -> None:
        """Take a calendar off the list; access to it stays."""
        self.change_entry(calendar, is_removed=True)

    def lose_access(self, calendar: Calendar) -> None:
        """The owner no longer shares it. As nothing but the access changed, no increment of the list tells."""
        calendar.access.pop(self.email, None)

    def change_entry(self, calendar: Calendar, **values: Any) -> None:  # noqa: ANN401 - those of Entry
        """Change how the calendar stands on the list: `summary_override`, `is_hidden`, `background_color` …"""
        entry = self.entries[calendar.id]
        for name, value in values.items():
            setattr(entry, name, value)
        entry.revision = self._next_revision()
        self._changed()

    def changes_since(self, revision: int) -> list[Entry]:
        return sorted((e for e in self.entries.values() if e.revision > revision), key=lambda e: e.revision)

    def expire_sync_tokens(self) -> None:
        """Every sync token of the calendar list given out so far is answered with 410."""
        self.oldest_revision = self._next_revision()

    def _next_revision(self) -> int:
        self.revision += 1
        return self.revision

    def _changed(self) -> None:
        self.on_change(self.path, "exists")


@dataclass(slots=True)
class World:
    """All accounts and, through their lists, all calendars. `on_change` is told which collection changed, and how."""

    clock: Clock = field(default_factory=Clock)
    accounts: dict[str, Account] = field(default_factory=dict)
    on_change: Callable[[str, str], None] = lambda path, state: None

    def add_account(
        self, email: str, name: str = "", *, aliases: tuple[str, ...] = (), time_zone: str = "Europe/Zurich"
    ) -> Account:
        """An account with an empty primary calendar."""
        account = Account(email, name or email, aliases, clock=self.clock, on_change=self._tell)
        self.accounts[email] = account
        primary = Calendar(email, email, email, time_zone, addresses=aliases, clock=self.clock, on_change=self._tell)
        account.subscribe(primary, "owner")
        return account

    def calendar(self, calendar_id: str) -> Calendar | None:
        found = (a.entries[calendar_id] for a in self.accounts.values() if calendar_id in a.entries)
        return next((entry.calendar for entry in found), None)

    def delete_calendar(self, calendar: Calendar) -> None:
        """Delete a calendar: it goes from every list."""
        calendar.is_deleted = True
        for account in self.accounts.values():
            if calendar.id in account.entries:
                account.unsubscribe(calendar)
        self._tell(calendar.path, "not_exists")

    def _tell(self, path: str, state: str) -> None:
        self.on_change(path, state)
