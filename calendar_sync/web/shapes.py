"""What goes over the wire of the REST API: bodies, queries and answers, as the contract spells them.

The models are the one source of both the answers and their description at `/openapi.json`. Answers may hold fields
beside the documented ones; no documented field is left out.
"""

from datetime import UTC, date, datetime, time
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from calendar_sync.connections.oauth import AuthorizationRequired
from calendar_sync.connections.service import ConnectionOverview
from calendar_sync.domain.connections import ConnectionStatus
from calendar_sync.domain.events import AutoJoinStatus, EventStatus
from calendar_sync.domain.identifiers import CalendarId, ConnectionId, EventId, OccurrenceId
from calendar_sync.domain.occurrences import Occurrence, OccurrenceFilter, OccurrencePage
from calendar_sync.domain.providers import ProviderName
from calendar_sync.domain.sync import SyncResult

_JOINABLE = frozenset({"zoom", "google_meet", "teams", "webex"})
_MOST_SKIPPED = 2**31 - 1


def read_moment(value: object) -> object:
    """An ISO 8601 date or date-time as an aware one. Without an offset it is UTC, a bare date its midnight.

    A space before the offset is a plus sign that was not escaped in the query.
    """
    if not isinstance(value, str):
        return value
    text = value.strip().upper()
    head, space, offset = text.rpartition(" ")
    if space and "T" in head:
        text = f"{head}+{offset}"
    try:
        moment = datetime.fromisoformat(text) if "T" in text else datetime.combine(date.fromisoformat(text), time())
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("must be an ISO 8601 date or date-time") from None


Moment = Annotated[datetime, BeforeValidator(read_moment)]


class Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class SyncAnswer(Answer):
    """What a sync did, over all connections of the user."""

    synced_calendars: int = Field(description="Calendars that were synced successfully.")
    new_events: int = Field(description="Events found for the first time; a series counts once.")
    updated_events: int = Field(description="Known events whose meaning changed; a series counts once.")
    errors: list[str] = Field(description="One `<provider>: <reason>` for each sync that failed; empty when none did.")

    @classmethod
    def of(cls, result: SyncResult) -> Self:
        return cls(
            synced_calendars=result.synced_calendars,
            new_events=result.tally.new,
            updated_events=result.tally.updated,
            errors=list(result.errors),
        )


class CalendarEvent(Answer):
    """One concrete occurrence of an event."""

    id: OccurrenceId = Field(description="Identifier (`mcevt_…`); it never changes, also when the event moves.")
    calendar_provider: ProviderName
    title: str | None
    start_time: datetime = Field(description="UTC. Of an all-day event: midnight in `timezone`.")
    end_time: datetime = Field(description="UTC, exclusive.")
    timezone: str | None = Field(description="IANA name of the event's time zone.")
    meeting_link: str | None = Field(description="The link to join by, found anywhere in the event.")
    meeting_platform: str | None = Field(description="`zoom`, `google_meet`, `teams`, …")
    is_joinable: bool = Field(description="Whether a supported meeting link was found.")
    organizer_email: str | None
    attendee_count: int
    is_recurring: bool
    status: EventStatus
    auto_join_status: AutoJoinStatus
    session_id: str | None = Field(description="The session (`mbsess_…`) that joins or joined it.")
    synced_at: datetime
    created_at: datetime
    is_all_day: bool
    series_id: EventId = Field(description="The event it is an occurrence of, shared by all of a series.")
    calendar_id: CalendarId
    credential_id: ConnectionId = Field(description="The connection it came through.")

    @classmethod
    def of(cls, occurrence: Occurrence) -> Self:
        return cls(
            id=occurrence.id,
            calendar_provider=occurrence.provider,
            title=occurrence.title,
            start_time=occurrence.starts_at,
            end_time=occurrence.ends_at,
            timezone=occurrence.time_zone,
            meeting_link=occurrence.meeting_link,
            meeting_platform=occurrence.meeting_platform,
            is_joinable=occurrence.meeting_link is not None and occurrence.meeting_platform in _JOINABLE,
            organizer_email=occurrence.organizer_email,
            attendee_count=occurrence.attendee_count,
            is_recurring=occurrence.is_recurring,
            status=occurrence.status,
            auto_join_status=occurrence.auto_join_status,
            session_id=occurrence.session_id,
            synced_at=occurrence.synced_at,
            created_at=occurrence.created_at,
            is_all_day=occurrence.all_day,
            series_id=occurrence.series_id,
            calendar_id=occurrence.calendar_id,
            credential_id=occurrence.connection_id,
        )


class CalendarEventList(Answer):
    """A page of occurrences, by start."""

    items: list[CalendarEvent]
    total: int = Field(description="How many there are in all, under the same filters.")
    skip: int
    limit: int
    has_more: bool

    @classmethod
    def of(cls, page: OccurrencePage, query: "EventQuery") -> Self:
        return cls(
            items=[CalendarEvent.of(occurrence) for occurrence in page.items],
            total=page.total or 0,
            skip=query.skip,
            limit=query.limit,
            has_more=page.has_more,
        )


class EventQuery(BaseModel):
    """Which occurrences to list. All filters that are given must hold."""

    model_config = ConfigDict(hide_input_in_errors=True)

    skip: int = Field(default=0, ge=0, le=_MOST_SKIPPED, description="How many to leave out at the beginning.")
    limit: int = Field(default=50, ge=1, le=100, description="How many to list at most.")
    start_after: Moment | None = Field(default=None, description="Only what starts at this moment or later.")
    start_before: Moment | None = Field(default=None, description="Only what starts before this moment.")
    start_date: Moment | None = Field(default=None, description="The same as `start_after`, which wins over it.")
    end_date: Moment | None = Field(default=None, description="The same as `start_before`, which wins over it.")
    provider: ProviderName | None = Field(default=None, description="Only what this provider's calendars hold.")
    auto_join_status: AutoJoinStatus | None = Field(default=None, description="Only what auto-join stands so with.")

    def wanted(self) -> OccurrenceFilter:
        return OccurrenceFilter(
            starts_after=self.start_after or self.start_date,
            starts_before=self.start_before or self.end_date,
            provider=self.provider,
            auto_join_status=self.auto_join_status,
        )


class EventUpdate(BaseModel):
    """What can be changed of an event."""

    model_config = ConfigDict(hide_input_in_errors=True)

    auto_join_status: Literal["disabled", "pending"] = Field(
        description="`disabled` prevents auto-join, `pending` has the rules evaluated again."
    )


class CalendarConnection(Answer):
    """A connected account."""

    credential_id: ConnectionId
    provider: ProviderName
    account_email: str | None
    is_active: bool = Field(description="False when the provider refuses the credentials: connect the account again.")
    last_sync_at: datetime | None = Field(description="When all its calendars were last synced successfully.")
    event_count: int = Field(description="Occurrences of events that were synced through it.")
    status: ConnectionStatus
    last_error: str | None = Field(description="Why its last sync failed, if it did.")
    created_at: datetime

    @classmethod
    def of(cls, overview: ConnectionOverview) -> Self:
        connection = overview.connection
        return cls(
            credential_id=connection.id,
            provider=connection.provider,
            account_email=connection.account_email,
            is_active=connection.status is ConnectionStatus.ACTIVE,
            last_sync_at=connection.last_sync_at,
            event_count=overview.event_count,
            status=connection.status,
            last_error=connection.last_error,
            created_at=connection.created_at,
        )


class CalendarConnectionList(Answer):
    connections: list[CalendarConnection]


class Authorization(Answer):
    """The user must allow it at the provider first."""

    authorization_url: str = Field(description="Where to send the user's browser, within ten minutes.")
    state: str = Field(description="What the provider sends back with the user, once.")

    @classmethod
    def of(cls, required: AuthorizationRequired) -> Self:
        return cls(authorization_url=required.authorization_url, state=required.state)


class CallbackQuery(BaseModel):
    """What the provider's redirect carries. Whatever else it carries is ignored."""

    model_config = ConfigDict(hide_input_in_errors=True)

    code: str | None = Field(default=None, description="What the tokens are fetched with.")
    state: str | None = Field(default=None, description="The `state` that connecting answered.")
    error: str | None = Field(default=None, description="Why there is no code: `access_denied`, …")
    iss: str | None = Field(default=None, description="Who sends it (RFC 9207), where the provider says so.")


class WebhookQuery(BaseModel):
    """What Microsoft asks with. Notifications themselves have no query."""

    model_config = ConfigDict(populate_by_name=True)

    validation_token: str | None = Field(
        default=None, alias="validationToken", description="At most 512 bytes; sent back as it is, as plain text."
    )


class WebhookAnswer(BaseModel):
    """How many of the notifications are a provider's, and taken."""

    accepted: int = Field(ge=0)


class ConnectionRequest(BaseModel):
    """Which account to connect."""

    model_config = ConfigDict(
        hide_input_in_errors=True,
        json_schema_extra={
            "examples": [
                {
                    "provider": "apple_calendar",
                    "credentials": {"apple_id": "ada@example.com", "app_specific_password": "abcd-efgh-ijkl-mnop"},
                },
                {"provider": "apple_calendar", "credentials": {"ical_url": "webcal://example.com/published/calendar"}},
                {
                    "provider": "caldav",
                    "credentials": {"url": "https://dav.example.com/", "username": "ada", "password": "…"},
                },
                {"provider": "ics", "credentials": {"url": "https://example.com/calendar.ics"}},
                {"provider": "google_calendar"},
            ]
        },
    )

    provider: ProviderName
    credentials: dict[str, Any] | None = Field(
        default=None,
        description="`apple_calendar`: `apple_id` and `app_specific_password`, or `ical_url` alone (read-only). "
        "`caldav`: `url`, `username` and `password`. `ics`: `url`. `google_calendar` and `outlook_calendar`: none, or "
        "the account to suggest as `login_hint`. `zoom`: none.",
    )


class Health(Answer):
    status: Literal["ok"] = "ok"


class ErrorBody(Answer):
    code: str = Field(description="What went wrong, for machines.")
    message: str = Field(description="What went wrong, for people.")
    type: Literal["client_error", "server_error"]
    status: int = Field(description="The HTTP status.")
    details: dict[str, Any] = Field(description="More where there is more; `field` names a wrong field.")
    trace_id: str = Field(description="The request's `x-request-id`, as it stands in the log.")
    timestamp: datetime


class ErrorEnvelope(Answer):
    """Every answer of status 400 and above."""

    success: Literal[False] = False
    error: ErrorBody
