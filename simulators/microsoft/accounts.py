"""Microsoft accounts and their calendars."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from simulators.clock import Clock
from simulators.microsoft.calendars import Calendar, ChangeType, NoSuchEvent, Stored
from simulators.microsoft.ids import calendar_id

PERSONAL_TENANT = "9188040d-6c67-4c5b-b112-36a304b66dad"
"""Of all personal accounts."""

OnChange = Callable[["Account", Calendar, Stored, ChangeType], None]


@dataclass(slots=True, eq=False)
class Account:
    """A person with a mailbox, unless `has_mailbox` says otherwise, and a default calendar."""

    email: str
    name: str
    tenant: str
    time_zone: str = "W. Europe Standard Time"
    has_mailbox: bool = True
    calendars: dict[str, Calendar] = field(default_factory=dict)
    calendars_made: int = 0
    clock: Clock = field(default_factory=Clock)
    on_change: OnChange = lambda account, calendar, stored, change: None

    @property
    def object_id(self) -> str:
        """The unchanging id of the account in its tenant, the `oid` of its ID tokens."""
        id = str(uuid5(NAMESPACE_URL, self.email))
        return f"00000000-0000-0000-{id[19:]}" if self.is_personal else id

    @property
    def is_personal(self) -> bool:
        return self.tenant == PERSONAL_TENANT

    @property
    def calendar(self) -> Calendar:
        return next(calendar for calendar in self.calendars.values() if calendar.is_default)

    def add_calendar(self, name: str, **values: Any) -> Calendar:  # noqa: ANN401 - those of Calendar
        """A calendar of one's own or, with another `owner_address`, one that somebody shares."""
        self.calendars_made += 1
        usual = {
            "id": calendar_id(self.email, self.calendars_made),
            "owner_name": self.name,
            "owner_address": self.email,
            "default_online_meeting_provider": "unknown" if self.is_personal else "teamsForBusiness",
        }
        calendar = Calendar(name=name, clock=self.clock, on_change=self._tell, **usual | values)
        self.calendars[calendar.id] = calendar
        return calendar

    def remove_calendar(self, calendar: Calendar) -> None:
        """Delete a calendar, or lose access to it: there is no trace of it but that it is missing."""
        del self.calendars[calendar.id]

    def calendar_of(self, event_id: str) -> Calendar:
        """The calendar that has an event, or an occurrence, of this id. Raises `NoSuchEvent`."""
        for calendar in self.calendars.values():
            try:
                calendar.find(event_id)
            except NoSuchEvent:
                continue
            return calendar
        raise NoSuchEvent(event_id)

    def expire_delta_links(self) -> None:
        for calendar in self.calendars.values():
            calendar.expire_delta_links()

    def _tell(self, calendar: Calendar, stored: Stored, change: ChangeType) -> None:
        self.on_change(self, calendar, stored, change)


@dataclass(slots=True)
class World:
    """All accounts. `on_change` is told whose event changed, in which calendar, and how."""

    clock: Clock = field(default_factory=Clock)
    accounts: dict[str, Account] = field(default_factory=dict)
    on_change: OnChange = lambda account, calendar, stored, change: None

    def add_account(
        self,
        email: str,
        name: str = "",
        *,
        time_zone: str = "W. Europe Standard Time",
        tenant: str | None = None,
        has_mailbox: bool = True,
    ) -> Account:
        """An account with an empty default calendar. Those of one domain share a tenant unless one is named;
        `tenant="consumers"` makes a personal account, whose object id looks as theirs do."""
        account = Account(
            email,
            name or email,
            PERSONAL_TENANT if tenant == "consumers" else tenant or self._tenant(email),
            time_zone,
            has_mailbox=has_mailbox,
            clock=self.clock,
            on_change=self._tell,
        )
        self.accounts[email] = account
        account.add_calendar("Calendar", is_default=True, is_removable=False)
        return account

    def _tenant(self, email: str) -> str:
        domain = email.partition("@")[2]
        neighbours = (a.tenant for a in self.accounts.values() if a.email.endswith(f"@{domain}") and not a.is_personal)
        return next(neighbours, str(uuid5(NAMESPACE_URL, domain)))

    def _tell(self, account: Account, calendar: Calendar, stored: Stored, change: ChangeType) -> None:
        self.on_change(account, calendar, stored, change)
