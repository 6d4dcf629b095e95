"""A user who has so many of everything that every list of the schema has so many items."""

from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta

from sqlalchemy import insert

from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.auto_join_rules import MatchMode, RuleConditions, RuleDraft
from calendar_sync.domain.connections import Calendar
from calendar_sync.domain.events import Attendee, Details, Event, MeetingLink, Recurrence, ResponseStatus
from calendar_sync.domain.export_feeds import ExportFeed
from calendar_sync.domain.identifiers import (
    CalendarId,
    RunId,
    WebhookEndpointId,
    new_export_feed_id,
    new_webhook_attempt_id,
    new_webhook_endpoint_id,
)
from calendar_sync.domain.occurrences import OccurrenceFilter
from calendar_sync.domain.providers import Change, ProviderName, Quarantine, RemoteCalendar, Upsert
from calendar_sync.domain.sync import CalendarProgress, RunProgress, RunStatus, SyncFailure, Trigger
from calendar_sync.domain.webhooks import Notice, WebhookEndpoint, WebhookEventType
from calendar_sync.store.database import Database, Transaction
from calendar_sync.store.keyring import Keyring
from calendar_sync.store.sealed_endpoints import seal_secret, seal_url
from calendar_sync.store.tables import webhook_attempts
from tests.builders import NOW, WINDOW, a_connection, an_actor, an_all_day_time, an_event

_OFTEN = "Often changed"
KEYS = urlsafe_b64encode(b"k" * 32).decode()
"""Of a server that can read it all."""
_AHEAD = date(2035, 1, 1)


@dataclass(frozen=True)
class Plenty:
    """`known` is an identifier of each kind that a query can ask for one of, by the field."""

    actor: Actor
    known: Mapping[str, str]


async def plenty(database: Database, rows: int) -> Plenty:
    """An administrator, alone in their organisation."""
    actor = await an_actor(database, f"{rows}@example.com", organization=f"With {rows}", is_admin=True)
    runs = [await _account(database, actor, number, rows) for number in range(rows)]
    async with database.begin() as tx:
        for number in range(rows):
            await tx.auto_join_rules.add(actor, _rule(number, rows), NOW)
        endpoints = [await _endpoint(tx, actor, rows) for _ in range(rows)]
        for _ in range(rows):
            await _delivery(tx, actor, endpoints[0], rows)
    async with database.begin(write=False) as tx:
        page = await tx.events.page(actor, OccurrenceFilter(text=_OFTEN), limit=1)
        connections = await tx.connections.list(actor)
        meeting = (await tx.meetings.of(actor, [page.items[0].id]))[page.items[0].id]
    known = {"event": page.items[0].id, "connection": connections[0].id, "syncRun": runs[0], "meeting": meeting.id}
    return Plenty(actor, {**known, "endpoint": endpoints[0]})


async def _account(database: Database, actor: Actor, number: int, rows: int) -> RunId:
    """One of as many, at one of the services, with as many calendars; gives its run, in which all of them failed."""
    provider = list(ProviderName)[number % len(ProviderName)]
    connection = await a_connection(database, actor, provider=provider, identity=f"{rows}-{number}")
    async with database.begin() as tx:
        remote = [RemoteCalendar(f"{number}-{each}", name=f"Calendar {each}") for each in range(rows)]
        calendars = await tx.calendars.reconcile(connection, remote, NOW)
        run = await tx.runs.start(connection, Trigger.USER, NOW)
        changes: Sequence[Change] = [
            Upsert(_event(number, rows)),
            Quarantine(f"unclear {number}", "It is not clear.", "BEGIN:VEVENT"),
        ]
        await tx.events.apply(calendars[0], changes, run, WINDOW, NOW)
        if number == 0:
            for change in _often_changed(rows):
                await tx.events.apply(calendars[0], [Upsert(change)], run, WINDOW, NOW)
        await tx.org_calendars.add(actor, calendars[0].id, 5, NOW)
        await tx.export_feeds.add(_feed(actor, calendars), f"hash {rows}-{number}")
        failures = [SyncFailure(each.id, "PROVIDER_UNAVAILABLE", "It does not answer.") for each in calendars]
        progress = RunProgress(calendars=[CalendarProgress(each.id) for each in calendars], failures=failures)
        await tx.runs.finish(run, status=RunStatus.FAILED, progress=progress, now=NOW)
    return run


def _feed(actor: Actor, of: Sequence[Calendar]) -> ExportFeed:
    chosen = [calendar.id for calendar in of]
    feed = new_export_feed_id()
    return ExportFeed(
        feed,
        actor.user_id,
        actor.organization_id,
        "Feed",
        is_busy_only=False,
        calendar_ids=chosen,
        created_at=NOW,
        last_read_at=None,
    )


async def _endpoint(tx: Transaction, actor: Actor, rows: int) -> WebhookEndpointId:
    """It listens to nothing that happens here."""
    id, keyring = new_webhook_endpoint_id(), Keyring.of(KEYS)
    endpoint = WebhookEndpoint(
        id=id,
        user_id=actor.user_id,
        organization_id=actor.organization_id,
        url="",
        description="",
        event_types=tuple(f"session.{each}" for each in range(rows)),
        is_enabled=True,
        disabled_reason=None,
        failing_since=None,
        previous_secret_until=None,
        created_at=NOW,
    )
    url, secret = seal_url(keyring, id, "https://example.com/"), seal_secret(keyring, id, "whsec_")
    await tx.webhook_endpoints.add(endpoint, url, secret)
    return id


async def _delivery(tx: Transaction, actor: Actor, to: WebhookEndpointId, rows: int) -> None:
    notice = Notice(WebhookEventType.SYNC_COMPLETED, {}, None)
    delivery = await tx.webhooks.put(actor.user_id, to, notice, NOW)
    nothing = dict.fromkeys(column.name for column in webhook_attempts.c)
    attempt = {**nothing, "delivery_id": delivery, "organization_id": actor.organization_id, "started_at": NOW}
    attempts = [{**attempt, "id": new_webhook_attempt_id()} for _ in range(rows)]
    await tx.connection.execute(insert(webhook_attempts), attempts)


def _rule(number: int, rows: int) -> RuleDraft:
    """The last one to be tried matches all, the others have so many of everything that does not."""
    if number == rows - 1:
        return RuleDraft("All", conditions=RuleConditions(include_all_day=True))
    texts = tuple(f"{each}@example.org" for each in range(rows))
    conditions = RuleConditions(
        match_mode=MatchMode.KEYWORD,
        calendar_ids=tuple(map(CalendarId, texts)),
        keywords=texts,
        organizer_emails=texts,
        attendee_emails=texts,
        exclude_patterns=texts,
        days_of_week=tuple(range(min(rows, 7))),
        responses=tuple(ResponseStatus)[:rows],
    )
    return RuleDraft(f"Rule {number}", priority=rows - number, conditions=conditions)


def _often_changed(rows: int) -> Iterator[Event]:
    """A single event that was a series by so many rules, changed so often, and in the end in so many of its fields.
    The last of these is a series of so many days that stays one."""
    single = _event(0, rows)
    series = replace(single, time=an_all_day_time(), recurrence=Recurrence((f"FREQ=DAILY;COUNT={rows}",) * rows))
    for version in range(rows):
        yield replace(series, details=replace(single.details, title=f"{_OFTEN} {version}"))
    others = Details(title=_OFTEN, description="Else", location="Room 1", url="https://example.com/")
    changed = {each.name: getattr(others, each.name) for each in fields(others) if getattr(others, each.name)}
    yield replace(single, details=replace(single.details, **dict([*changed.items()][:rows])))
    yield replace(series, remote_id="days", uid="days", details=Details(title="No meeting of the others"))


def _event(number: int, rows: int) -> Event:
    return an_event(
        f"event {number}",
        uid="the same meeting",
        time=an_all_day_time((_AHEAD + timedelta(days=2 * number)).isoformat()),
        description="What it is about",
        attendees=tuple(Attendee(f"guest{each}@example.com") for each in range(rows)),
        links=tuple(MeetingLink(f"https://zoom.us/j/{each}", "zoom") for each in range(rows)),
    )
