"""What the mutations take, and what they answer when all went well."""

from enum import StrEnum
from typing import Annotated

import strawberry

from schema.types.calendar import Calendar
from schema.types.connection import ConnectedAccount
from schema.types.described import describe
from schema.types.event import Event
from schema.types.failures import ConnectFailed, DisconnectFailed, SelectCalendarsFailed, SetAutoJoinFailed


@strawberry.input(description="An account on a CalDAV server.")
class CaldavCredentials:
    url: str = strawberry.field(
        description="The server, an address on it, or the account's e-mail address: the rest is discovered (RFC 6764)."
    )
    username: str = strawberry.field(description="The user name.")
    password: str = strawberry.field(description="The password, or better one made for this application.")


@strawberry.input(description="An Apple account.")
class AppleCredentials:
    apple_id: str = strawberry.field(description="The e-mail address of the Apple account.")
    app_specific_password: str = strawberry.field(
        description="A password for this application, `xxxx-xxxx-xxxx-xxxx`, made in the settings of the Apple account."
    )


@strawberry.input(description="A calendar that is published as an iCalendar feed. It can only be read.")
class FeedAddress:
    url: str = strawberry.field(description="Its address: `https://…` or `webcal://…`")


@strawberry.input(description="An account at a provider that asks its user itself, on a page of its own (OAuth).")
class ConsentRequest:
    login_hint: str | None = strawberry.field(
        default=None, description="The e-mail address of the account, for the provider to suggest. Zoom ignores it."
    )


@strawberry.input(one_of=True, description="The account to connect: exactly one of these.")
class ConnectCalendarInput:
    caldav: CaldavCredentials | None = strawberry.field(
        default=strawberry.UNSET, description="An account on a CalDAV server."
    )
    apple: AppleCredentials | None = strawberry.field(default=strawberry.UNSET, description="An Apple account.")
    apple_feed: FeedAddress | None = strawberry.field(
        default=strawberry.UNSET, description="A calendar published from iCloud, without the account."
    )
    ics: FeedAddress | None = strawberry.field(default=strawberry.UNSET, description="A feed of any other service.")
    google: ConsentRequest | None = strawberry.field(default=strawberry.UNSET, description="A Google account.")
    outlook: ConsentRequest | None = strawberry.field(
        default=strawberry.UNSET, description="A Microsoft account, of Outlook.com or of Microsoft 365."
    )
    zoom: ConsentRequest | None = strawberry.field(default=strawberry.UNSET, description="A Zoom account.")


class AutoJoinChoice(StrEnum):
    PENDING = "pending"
    DISABLED = "disabled"


describe(
    AutoJoinChoice,
    "What a user can decide about auto-join.",
    {AutoJoinChoice.PENDING: "Let the rules decide.", AutoJoinChoice.DISABLED: "Keep the bot out."},
)


@strawberry.type(description="The account is connected. `syncCalendars` reads it; so does the schedule, soon.")
class Connected:
    connection: ConnectedAccount = strawberry.field(description="The account.")


@strawberry.type(
    description="The user must allow it at the provider first. Whoever does so is sent back to this server, which "
    "connects the account then and says so on a page."
)
class AuthorizationRequired:
    authorization_url: str = strawberry.field(description="Where to send the user's browser, within ten minutes.")
    state: str = strawberry.field(description="What the provider sends back with the user, once.")


@strawberry.type(description="The choice is made. The next sync reads what was added; events of the rest are removed.")
class CalendarsSelected:
    calendars: list[Calendar] = strawberry.field(description="All calendars of the account, selected or not.")


@strawberry.type(description="The account is forgotten, with its credentials and all its events.")
class Disconnected:
    connection_id: strawberry.ID = strawberry.field(description="What it was called.")


@strawberry.type(description="Auto-join is set.")
class AutoJoinSet:
    event: Event = strawberry.field(description="The event as it is now.")


ConnectCalendarResult = Annotated[
    Connected | AuthorizationRequired | ConnectFailed,
    strawberry.union(
        "ConnectCalendarResult", description="The account, or where to allow it, or why it could not be connected."
    ),
]
SelectCalendarsResult = Annotated[
    CalendarsSelected | SelectCalendarsFailed,
    strawberry.union("SelectCalendarsResult", description="The calendars, or why they could not be chosen."),
]
DisconnectResult = Annotated[
    Disconnected | DisconnectFailed,
    strawberry.union("DisconnectResult", description="What was disconnected, or why it was not."),
]
SetAutoJoinResult = Annotated[
    AutoJoinSet | SetAutoJoinFailed,
    strawberry.union("SetAutoJoinResult", description="The event, or why it was not changed."),
]
