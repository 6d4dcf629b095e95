"""Connected accounts, their calendars and the services they are at."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Annotated, NamedTuple

import strawberry

from calendar_sync.connections import oauth
from calendar_sync.domain.errors import NotFound, ProviderError, Refusal
from calendar_sync.domain.identifiers import CalendarId, ConnectionId
from calendar_sync.domain.providers import ProviderName
from resolvers.context import Info
from resolvers.refusals import bad_input, camel, told
from schema.types.calendar import Calendar
from schema.types.connection import ConnectedAccount
from schema.types.failures import ConnectFailed, DisconnectFailed, SelectCalendarsFailed
from schema.types.mutations import (
    AppleCredentials,
    AuthorizationRequired,
    CaldavCredentials,
    CalendarsSelected,
    ConnectCalendarInput,
    ConnectCalendarResult,
    Connected,
    ConsentRequest,
    Disconnected,
    DisconnectResult,
    FeedAddress,
    SelectCalendarsResult,
)
from schema.types.provider import Provider

ConnectionArgument = Annotated[strawberry.ID, strawberry.argument(description="The connected account: `tcred_…`")]

MOST_IDS = 100
"""In one list of identifiers."""


_BY_CONSENT = {
    "google": ProviderName.GOOGLE_CALENDAR,
    "outlook": ProviderName.OUTLOOK_CALENDAR,
    "zoom": ProviderName.ZOOM,
}


class Wanted(NamedTuple):
    """An account to connect, as the use case takes it. `fields` is what the caller calls each of the credentials."""

    provider: ProviderName
    credentials: Mapping[str, object]
    fields: Mapping[str, str]


async def providers(info: Info) -> list[Provider]:
    why = {name: info.context.services.connections.why_unavailable(name) for name in ProviderName}
    return [Provider(name=name, is_available=why[name] is None, unavailable_reason=why[name]) for name in ProviderName]


async def connections(info: Info) -> list[ConnectedAccount]:
    seen = await info.context.services.connections.list(info.context.actor)
    return [ConnectedAccount.of(overview.connection, overview.event_count) for overview in seen]


async def connection(info: Info, id: ConnectionArgument) -> ConnectedAccount | None:
    try:
        found = await info.context.services.connections.get(info.context.actor, ConnectionId(id))
    except NotFound:
        return None
    return ConnectedAccount.of(found.connection, found.event_count)


async def calendars(
    info: Info,
    connection_id: Annotated[
        strawberry.ID | None, strawberry.argument(description="Only those of this account: `tcred_…`")
    ] = None,
) -> list[Calendar]:
    one = ConnectionId(connection_id) if connection_id is not None else None
    found = await info.context.services.connections.calendars(info.context.actor, one)
    return [Calendar.of(calendar) for calendar in found]


async def connect_calendar(
    info: Info,
    input: Annotated[ConnectCalendarInput, strawberry.argument(description="The account, with what opens it.")],
) -> ConnectCalendarResult:
    wanted = _wanted(input)
    try:
        found = await info.context.services.connections.start(info.context.actor, wanted.provider, wanted.credentials)
    except (Refusal, ProviderError) as error:
        return ConnectFailed(**told(error, wanted.fields))
    if isinstance(found, oauth.AuthorizationRequired):
        return AuthorizationRequired(authorization_url=found.authorization_url, state=found.state)
    return Connected(connection=ConnectedAccount.of(found.connection, found.event_count))


async def select_calendars(
    info: Info,
    connection_id: ConnectionArgument,
    calendar_ids: Annotated[
        list[strawberry.ID],
        strawberry.argument(description="Its calendars to read from now on, `cal_…`; all others are not. At most 100."),
    ],
) -> SelectCalendarsResult:
    try:
        found = await info.context.services.connections.select_calendars(
            info.context.actor, ConnectionId(connection_id), [CalendarId(one) for one in few(calendar_ids)]
        )
    except Refusal as error:
        return SelectCalendarsFailed(**told(error))
    return CalendarsSelected(calendars=[Calendar.of(calendar) for calendar in found])


async def disconnect(info: Info, connection_id: ConnectionArgument) -> DisconnectResult:
    try:
        await info.context.services.connections.disconnect(info.context.actor, ConnectionId(connection_id))
    except Refusal as error:
        return DisconnectFailed(**told(error))
    return Disconnected(connection_id=connection_id)


def few(ids: Sequence[strawberry.ID]) -> Sequence[strawberry.ID]:
    if len(ids) > MOST_IDS:
        raise bad_input(f"At most {MOST_IDS} identifiers can be given at once.")
    return ids


def _wanted(given: ConnectCalendarInput) -> Wanted:
    if isinstance(given.caldav, CaldavCredentials):
        return _named(ProviderName.CALDAV, "caldav", asdict(given.caldav))
    if isinstance(given.apple, AppleCredentials):
        return _named(ProviderName.APPLE_CALENDAR, "apple", asdict(given.apple))
    if isinstance(given.apple_feed, FeedAddress):
        feed = {"ical_url": given.apple_feed.url}
        return Wanted(ProviderName.APPLE_CALENDAR, feed, {"credentials.ical_url": "input.appleFeed.url"})
    if isinstance(given.ics, FeedAddress):
        return _named(ProviderName.ICS, "ics", asdict(given.ics))
    for member, provider in _BY_CONSENT.items():
        if isinstance(asked := getattr(given, member), ConsentRequest):
            hint = {"login_hint": asked.login_hint} if asked.login_hint else {}
            return Wanted(provider, hint, {"provider": f"input.{member}"})
    raise bad_input("Exactly one account must be given.")


def _named(provider: ProviderName, member: str, credentials: Mapping[str, object]) -> Wanted:
    fields = {f"credentials.{name}": f"input.{member}.{camel(name)}" for name in credentials}
    return Wanted(provider, credentials, {**fields, "credentials": f"input.{member}"})
