"""The tables. Rows never leave the store: what goes in and out are the dataclasses of the domain.

Organisation, user, connection, calendar, event object, occurrence: each hangs from the one before by one foreign key,
and goes with it. Only the record of changes stays when an event goes: it says that it went.
"""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Index, MetaData, Table, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from calendar_sync.store.columns import Moment, StoredText


def _text(references: str | None = None, **options: Any) -> Any:  # noqa: ANN401 -- as SQLModel's own Field
    if references is None:
        return Field(sa_type=StoredText, **options)
    return Field(sa_type=StoredText, foreign_key=references, ondelete="CASCADE", **options)


def _moment(**options: Any) -> Any:  # noqa: ANN401 -- as SQLModel's own Field
    return Field(sa_type=Moment, **options)


def _partial_index(name: str, *columns: str, where: str, where_on_sqlite: str | None = None) -> Index:
    """Of the few rows in question: small, however many others there are."""
    condition = text(where)
    return Index(name, *columns, postgresql_where=condition, sqlite_where=text(where_on_sqlite or where))


class Row(SQLModel):
    """What all tables share: constraint names that are the same on every database, so that migrations can name them."""

    metadata: ClassVar[MetaData] = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        }
    )


class OrganizationRow(Row, table=True):
    __tablename__ = "organizations"

    id: str = _text(primary_key=True)
    name: str = _text(unique=True)
    created_at: datetime = _moment()


class UserRow(Row, table=True):
    """`email` is lower case. `issuer` and `subject` are the user's name at an OpenID Connect provider."""

    __tablename__ = "users"
    __table_args__ = (UniqueConstraint("issuer", "subject"),)

    id: str = _text(primary_key=True)
    organization_id: str = _text("organizations.id", index=True)
    email: str | None = _text(unique=True)
    is_admin: bool
    issuer: str | None = _text()
    subject: str | None = _text()
    created_at: datetime = _moment()


class ApiKeyRow(Row, table=True):
    __tablename__ = "api_keys"

    id: str = _text(primary_key=True)
    user_id: str = _text("users.id", index=True)
    organization_id: str = _text()
    name: str = _text()
    prefix: str = _text(unique=True)
    secret_hash: str = _text()
    created_at: datetime = _moment()
    expires_at: datetime | None = _moment()
    revoked_at: datetime | None = _moment()
    last_used_at: datetime | None = _moment()


class ConnectionRow(Row, table=True):
    """`identity_hash` stands for the account's identity, which may itself be a secret (the address of a private feed).

    A run writes only while `epoch` is the one its lease was given; `requested_seq > done_seq` asks for one more run,
    and requests up to `started_seq` were there when the last run began, at `last_started_at`. `requested_by` is the
    `Trigger` of the last request, `requested_at` when it was made. `next_sync_reason` is why the next one is due when
    it is, after `failed_in_a_row` that failed. A `lease_until` in the past is that of a run whose process died.
    `credentials_version` counts the credentials; whoever holds `token_lease_…` asks the provider for newer ones.
    """

    __tablename__ = "connections"
    __table_args__ = (
        UniqueConstraint("user_id", "provider", "identity_hash"),
        _partial_index("ix_connections_lease_until", "lease_until", where="lease_until IS NOT NULL"),
        _partial_index("ix_connections_waiting", "organization_id", where="requested_seq > done_seq"),
        Index(None, "provider", "identity_hash"),
    )

    id: str = _text(primary_key=True)
    user_id: str = _text("users.id")
    organization_id: str = _text(index=True)
    provider: str = _text()
    identity_hash: str = _text()
    account_email: str | None = _text()
    credentials: str = _text()
    credentials_version: int = Field(sa_type=BigInteger, sa_column_kwargs={"server_default": "0"})
    token_lease_owner: str | None = _text()
    token_lease_until: datetime | None = _moment()
    status: str = _text()
    last_sync_at: datetime | None = _moment()
    last_error: str | None = _text()
    next_sync_at: datetime | None = _moment(index=True)
    next_sync_reason: str = _text(sa_column_kwargs={"server_default": "interval"})
    failed_in_a_row: int = Field(sa_column_kwargs={"server_default": "0"})
    requested_seq: int = Field(sa_type=BigInteger)
    requested_by: str = _text(sa_column_kwargs={"server_default": "schedule"})
    requested_at: datetime | None = _moment()
    done_seq: int = Field(sa_type=BigInteger)
    started_seq: int = Field(sa_type=BigInteger, sa_column_kwargs={"server_default": "0"})
    last_started_at: datetime | None = _moment()
    lease_owner: str | None = _text()
    lease_until: datetime | None = _moment()
    epoch: int = Field(sa_type=BigInteger)
    created_at: datetime = _moment()


class ConsentRow(Row, table=True):
    """A user sent to a provider's consent page. `verifier` is encrypted; only the user knows the state itself."""

    __tablename__ = "oauth_consents"

    state_hash: str = _text(primary_key=True)
    user_id: str = _text("users.id", index=True)
    organization_id: str = _text()
    provider: str = _text()
    redirect_uri: str = _text()
    verifier: str = _text()
    expires_at: datetime = _moment(index=True)


class CalendarRow(Row, table=True):
    """`gone_at` is set while the provider does not list it. Series are expanded up to `expanded_until`."""

    __tablename__ = "calendars"
    __table_args__ = (UniqueConstraint("connection_id", "remote_id"),)

    id: str = _text(primary_key=True)
    connection_id: str = _text("connections.id")
    user_id: str = _text(index=True)
    organization_id: str = _text()
    provider: str = _text()
    remote_id: str = _text()
    name: str | None = _text()
    description: str | None = _text()
    color: str | None = _text()
    time_zone: str | None = _text()
    is_primary: bool
    is_read_only: bool
    poll_interval_seconds: int | None
    is_selected: bool
    cursor: str | None = _text()
    expanded_until: datetime | None = _moment()
    last_synced_at: datetime | None = _moment()
    last_error: str | None = _text()
    gone_at: datetime | None = _moment()
    created_at: datetime = _moment()


class OrgCalendarRow(Row, table=True):
    """A calendar that an administrator who has it made their organisation's."""

    __tablename__ = "org_calendars"

    id: str = _text(primary_key=True)
    organization_id: str = _text(index=True)
    calendar_id: str = _text("calendars.id", unique=True)
    sync_interval_minutes: int
    created_at: datetime = _moment()


class ChannelRow(Row, table=True):
    """A channel by which a provider notifies of changes in a calendar (`store.channels`).

    Only the provider knows the token itself. `remote_id` and `resource_id` are the provider's names, once it is open.
    Of one that was refused, `expires_at` is when to ask again.
    """

    __tablename__ = "push_channels"

    id: str = _text(primary_key=True)
    connection_id: str = _text("connections.id", index=True)
    calendar_id: str = _text("calendars.id", index=True)
    provider: str = _text()
    address: str = _text()
    token_hash: str = _text()
    state: str = _text()
    remote_id: str | None = _text(unique=True)
    resource_id: str | None = _text()
    renew_at: datetime | None = _moment()
    expires_at: datetime = _moment()
    created_at: datetime = _moment()


class EventRow(Row, table=True):
    """An event object. `payload` is the whole `Event` but for its `remote_id` (`store.payload`).

    `content_hash` is null for what the provider no longer has, but of which something lies in the past and is kept.
    `ends_at` is the end of the last instance, null while there is more beyond what is expanded.
    """

    __tablename__ = "events"
    __table_args__ = (UniqueConstraint("calendar_id", "remote_id"),)

    id: str = _text(primary_key=True)
    calendar_id: str = _text("calendars.id")
    connection_id: str = _text()
    user_id: str = _text()
    organization_id: str = _text()
    remote_id: str = _text()
    uid: str = _text()
    content_hash: str | None = _text()
    payload: str = _text()
    is_recurring: bool
    is_truncated: bool
    ends_at: datetime | None = _moment()
    run_id: str = _text()
    created_at: datetime = _moment()
    updated_at: datetime = _moment()


_LISTED = ("user_id", "starts_at", "id")


class OccurrenceRow(Row, table=True):
    """`title_folded` is what a search looks in (`occurrence_rows.searched`). `auto_join_override` is what the user
    decided, null: the rules do. `starts_on` and `ends_on` are the days of what is all-day, ISO 8601, the end exclusive.

    `response` is what the calendar's owner answered, `attendee_list` names the addresses of those who attend
    (`AttendeeListRow`). `meeting_start` is the instant at which a series has the occurrence, before it was moved, and
    midnight UTC of the day in an all-day series; null for what is in no series. In a row that was written before these
    columns were there, `is_busy` is null.
    """

    __tablename__ = "occurrences"
    __table_args__ = (
        Index(None, "user_id", "starts_at", "id"),
        Index(None, "calendar_id", "starts_at"),
        Index(None, "uid", "meeting_start", "user_id"),
        Index(None, "user_id", "organizer_email", "starts_at", "id"),
        Index(None, "attendee_list", "starts_at"),
        _partial_index("ix_occurrences_joinable", *_LISTED, "meeting_platform", where="meeting_link IS NOT NULL"),
        _partial_index("ix_occurrences_all_day", *_LISTED, where="all_day", where_on_sqlite="all_day = 1"),
        _partial_index("ix_occurrences_unconfirmed", *_LISTED, "status", where="status <> 'confirmed'"),
        _partial_index("ix_occurrences_unaccepted", *_LISTED, "response", where="response <> 'accepted'"),
        _partial_index(
            "ix_occurrences_decided",
            *("user_id", "auto_join_status", "starts_at", "id"),
            where="auto_join_status <> 'pending'",
        ),
        _partial_index(
            "ix_occurrences_lasting",
            *(*_LISTED, "ends_at"),
            where="ends_at - starts_at > interval '2 days'",
            where_on_sqlite="ends_at > datetime(starts_at, '+2 days')",
        ),
        _partial_index("ix_occurrences_underived", "id", where="is_busy IS NULL"),
    )

    id: str = _text(primary_key=True)
    event_id: str = _text("events.id", index=True)
    calendar_id: str = _text()
    connection_id: str = _text()
    user_id: str = _text()
    provider: str = _text()
    uid: str = _text()
    original_start: str = _text()
    title: str | None = _text()
    title_folded: str | None = _text()
    starts_at: datetime = _moment()
    ends_at: datetime = _moment()
    starts_on: str | None = _text()
    ends_on: str | None = _text()
    all_day: bool
    time_zone: str = _text()
    status: str = _text()
    organizer_email: str | None = _text()
    attendee_count: int
    attendee_list: str | None = _text()
    is_busy: bool | None
    response: str | None = _text()
    is_recurring: bool
    meeting_start: datetime | None = _moment()
    meeting_link: str | None = _text()
    meeting_platform: str | None = _text()
    auto_join_status: str = _text()
    auto_join_override: str | None = _text()
    session_id: str | None = _text()
    created_at: datetime = _moment()
    updated_at: datetime = _moment()


class FormerOccurrenceRow(Row, table=True):
    """Which instance of which event object an identifier stood for, until it was gone or stood for another one.

    Also what was over when its series changed, and was written anew all the same. `written_at` is when the occurrence
    was last written until then: what it said is what the event object said of it at that time.
    """

    __tablename__ = "former_occurrences"
    __table_args__ = (Index(None, "user_id", "until"),)

    user_id: str = _text("users.id", primary_key=True)
    id: str = _text(primary_key=True)
    until: datetime = _moment(primary_key=True)
    event_id: str = _text()
    calendar_id: str = _text()
    connection_id: str = _text()
    provider: str = _text()
    original_start: str = _text()
    created_at: datetime = _moment()
    written_at: datetime = _moment()


class AttendeeListRow(Row, table=True):
    """That an address is among those of a list. Occurrences with the same attendees share the list."""

    __tablename__ = "attendee_lists"

    user_id: str = _text("users.id", primary_key=True)
    email: str = _text(primary_key=True)
    list_id: str = _text(primary_key=True)


class ProblemRow(Row, table=True):
    """An event object that could not be understood when `run_id` read it. Cleared when it can be again."""

    __tablename__ = "event_problems"

    calendar_id: str = _text("calendars.id", primary_key=True)
    remote_id: str = _text(primary_key=True)
    reason: str = _text()
    source: str = _text()
    run_id: str = _text()
    seen_at: datetime = _moment()


class ExceptionRow(Row, table=True):
    """An exception to a series that its provider tells apart (`store.exceptions`).

    `original_start` is an instant or a bare date, ISO 8601; `payload` is its event, null: the instance is cancelled.
    """

    __tablename__ = "event_exceptions"
    __table_args__ = (Index(None, "calendar_id", "series_id"),)

    calendar_id: str = _text("calendars.id", primary_key=True)
    remote_id: str = _text(primary_key=True)
    series_id: str = _text()
    original_start: str = _text()
    payload: str | None = _text()


class RunRow(Row, table=True):
    """`failures` is a JSON list of `SyncFailure`s. It serves the connection's requests up to the number `serves`.

    `calendars` is a JSON list of how far it is with each (`CalendarProgress`). `waiting_until` is set while its
    provider wants to be left alone.
    """

    __tablename__ = "sync_runs"
    __table_args__ = (
        Index(None, "user_id", "started_at", "id"),
        Index(None, "connection_id", "started_at", "id"),
        Index(None, "started_at"),
    )

    id: str = _text(primary_key=True)
    connection_id: str = _text("connections.id")
    user_id: str = _text()
    serves: int = Field(sa_type=BigInteger, sa_column_kwargs={"server_default": "0"})
    trigger: str = _text()
    status: str = _text()
    started_at: datetime = _moment()
    finished_at: datetime | None = _moment()
    synced_calendars: int
    new_events: int
    updated_events: int
    removed_events: int
    pages: int
    requests: int
    failures: str = _text()
    calendars: str = _text(sa_column_kwargs={"server_default": "[]"})
    waiting_until: datetime | None = _moment()


class ChangeRow(Row, table=True):
    """One change of one event object. `before` and `after` are JSON summaries; `changed_fields` is a JSON list.

    `before_payload` is the whole event that was replaced or removed (`store.payload`): what came after it is that of
    the object's next change, else what is stored of it now. `cause` is a `ChangeCause`.
    """

    __tablename__ = "event_changes"
    __table_args__ = (Index(None, "user_id", "event_id", "seq"),)

    user_id: str = _text("users.id", primary_key=True)
    seq: int = Field(sa_type=BigInteger, primary_key=True)
    event_id: str = _text()
    calendar_id: str = _text()
    remote_id: str = _text()
    kind: str = _text()
    run_id: str | None = _text()
    changed_fields: str = _text()
    before: str | None = _text()
    after: str | None = _text()
    before_payload: str | None = _text()
    cause: str | None = _text()
    at: datetime = _moment()


class ChangeSequenceRow(Row, table=True):
    """The number of the user's last change. Raised in the transaction that makes the change: so without gaps.

    Changes up to the number `compacted_seq`, the last of them made at `compacted_at`, are no longer kept.
    """

    __tablename__ = "change_sequences"

    user_id: str = _text("users.id", primary_key=True)
    last_seq: int = Field(sa_type=BigInteger)
    compacted_seq: int = Field(sa_type=BigInteger, sa_column_kwargs={"server_default": "0"})
    compacted_at: datetime | None = _moment()


class ExportFeedRow(Row, table=True):
    """A secret address at which a user's calendars can be subscribed to. Only the user knows the secret itself."""

    __tablename__ = "export_feeds"

    id: str = _text(primary_key=True)
    user_id: str = _text("users.id", index=True)
    organization_id: str = _text()
    name: str = _text()
    secret_hash: str = _text(unique=True)
    is_busy_only: bool
    calendar_ids: str | None = _text()
    created_at: datetime = _moment()
    last_read_at: datetime | None = _moment()


class AutoJoinRuleRow(Row, table=True):
    """`conditions` and `options` are JSON (`RuleConditions`, `BotOptions`). Of a user's rules one may be for all."""

    __tablename__ = "auto_join_rules"

    id: str = _text(primary_key=True)
    user_id: str = _text("users.id", index=True)
    organization_id: str = _text()
    name: str = _text()
    action: str = _text()
    is_enabled: bool
    priority: int
    conditions: str = _text()
    options: str = _text()
    is_join_all: bool
    created_at: datetime = _moment()
    updated_at: datetime = _moment()


class WebhookEndpointRow(Row, table=True):
    """Where messages are to be sent, and which: `event_types` is a JSON list of types and patterns.

    `url` and the secrets are encrypted (`store.sealed_endpoints`); until `previous_until` both secrets sign. `last_seq`
    is the number of the last delivery put in line here, raised in the transaction that does, so that they are numbered
    as they are committed. At `due_at` there is something to send; `None`: nothing is, or the endpoint is off. Nothing
    was taken here since `failing_since`.
    """

    __tablename__ = "webhook_endpoints"
    __table_args__ = (_partial_index("ix_webhook_endpoints_due_at", "due_at", where="due_at IS NOT NULL"),)

    id: str = _text(primary_key=True)
    user_id: str = _text("users.id", index=True)
    organization_id: str = _text()
    url: str = _text()
    description: str = _text()
    event_types: str = _text()
    is_enabled: bool
    disabled_reason: str | None = _text()
    secret: str = _text()
    previous_secret: str | None = _text()
    previous_until: datetime | None = _moment()
    last_seq: int = Field(sa_type=BigInteger)
    due_at: datetime | None = _moment()
    failing_since: datetime | None = _moment()
    created_at: datetime = _moment()


class WebhookMessageRow(Row, table=True):
    """What happened, as it is sent to every endpoint that asks for it: `payload` is the body, byte for byte."""

    __tablename__ = "webhook_messages"

    id: str = _text(primary_key=True)
    user_id: str = _text("users.id", index=True)
    organization_id: str = _text()
    type: str = _text()
    payload: str = _text()
    created_at: datetime = _moment(index=True)


class WebhookDeliveryRow(Row, table=True):
    """A message on its way to an endpoint. It waits in line, by `seq`, behind those of the same `ordering_key`.

    Of those in line only the first has a `next_attempt_at`. `lease` is the attempt under way, which has until
    `next_attempt_at` to end; `attempts` that have ended count from the last time it was put in line.
    """

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        _partial_index("ix_webhook_deliveries_due", "endpoint_id", "next_attempt_at", where="state = 'pending'"),
        _partial_index("ix_webhook_deliveries_line", "endpoint_id", "ordering_key", "seq", where="state = 'pending'"),
        _partial_index("ix_webhook_deliveries_lease", "endpoint_id", where="lease IS NOT NULL"),
        Index(None, "endpoint_id", "created_at", "id"),
    )

    id: str = _text(primary_key=True)
    message_id: str = _text("webhook_messages.id", index=True)
    endpoint_id: str = _text("webhook_endpoints.id")
    user_id: str = _text()
    organization_id: str = _text()
    ordering_key: str | None = _text()
    seq: int = Field(sa_type=BigInteger)
    state: str = _text()
    attempts: int
    next_attempt_at: datetime | None = _moment()
    lease: str | None = _text()
    created_at: datetime = _moment()
    finished_at: datetime | None = _moment()


class WebhookAttemptRow(Row, table=True):
    """One sending of a delivery, written before it begins: without a `finished_at` its process died, or is at it."""

    __tablename__ = "webhook_attempts"

    id: str = _text(primary_key=True)
    delivery_id: str = _text("webhook_deliveries.id", index=True)
    organization_id: str = _text()
    started_at: datetime = _moment()
    finished_at: datetime | None = _moment()
    duration_ms: int | None
    status: int | None
    error: str | None = _text()
    response: str | None = _text()


class RequestBudgetRow(Row, table=True):
    """Up to when the requests are spoken for that a vendor's limit allows; one in the past says nothing."""

    __tablename__ = "request_budgets"

    key: str = _text(primary_key=True)
    due_at: datetime = _moment()


metadata = Row.metadata


def _table(row: type[Row]) -> Table:
    return metadata.tables[str(row.__tablename__)]


organizations = _table(OrganizationRow)
users = _table(UserRow)
api_keys = _table(ApiKeyRow)
connections = _table(ConnectionRow)
consents = _table(ConsentRow)
calendars = _table(CalendarRow)
org_calendars = _table(OrgCalendarRow)
channels = _table(ChannelRow)
events = _table(EventRow)
occurrences = _table(OccurrenceRow)
former_occurrences = _table(FormerOccurrenceRow)
attendee_lists = _table(AttendeeListRow)
problems = _table(ProblemRow)
exceptions = _table(ExceptionRow)
runs = _table(RunRow)
changes = _table(ChangeRow)
change_sequences = _table(ChangeSequenceRow)
export_feeds = _table(ExportFeedRow)
auto_join_rules = _table(AutoJoinRuleRow)
webhook_endpoints = _table(WebhookEndpointRow)
webhook_messages = _table(WebhookMessageRow)
webhook_deliveries = _table(WebhookDeliveryRow)
webhook_attempts = _table(WebhookAttemptRow)
request_budgets = _table(RequestBudgetRow)
