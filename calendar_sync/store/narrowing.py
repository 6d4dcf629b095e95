"""What a list of occurrences is narrowed to, said so that an index serves it.

A list is read in the order of its starts, and the more rows are passed over for each that is shown, the longer it
takes. So what leaves few of a user's occurrences is looked up instead. Neither database knows how many that are, SQLite
not at all and PostgreSQL not of whom; where it has to be known, rows are counted, up to a bound.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, literal_column, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.events import AutoJoinStatus, EventStatus, ResponseStatus
from calendar_sync.domain.folding import folded
from calendar_sync.domain.identifiers import CalendarId
from calendar_sync.domain.occurrences import Days, OccurrenceFilter
from calendar_sync.recurrence.zones import later, load_zone, to_instant
from calendar_sync.store.columns import among, holds, lasting, storable
from calendar_sync.store.scope import named_within, within
from calendar_sync.store.tables import attendee_lists, calendars, occurrences

_Condition = ColumnElement[bool]
_Branch = Sequence[_Condition]

_MOST_BRANCHES = 8  # calendars that are read one by one
_FEW = 2_000  # rows that are looked up and sorted in no time
_LASTING = timedelta(days=3)  # longer than what is not in the index of what lasts
_FARTHEST = timedelta(days=2)  # that a midnight may be from the same day's in another zone
_DAY = timedelta(days=1)
_columns = occurrences.c


@dataclass(frozen=True, slots=True)
class Narrowed:
    """The occurrences that meet all conditions of one of the branches; no two branches have any in common.

    `is_named` says that they are found by what they are or where, and not by whose they are.
    """

    actor: Actor
    branches: Sequence[_Branch]
    is_named: bool = False

    def within(self, statement: Select[Any], branch: _Branch) -> Select[Any]:
        """`statement` over `occurrences`, limited to the actor's own in the branch."""
        scope = named_within if self.is_named else within
        return scope(self.actor, statement.where(*branch), occurrences)


async def narrow(connection: AsyncConnection, actor: Actor, wanted: OccurrenceFilter) -> Narrowed:
    """How to read those of the actor's occurrences that the filter wants."""
    where = await _calendars(connection, actor, wanted)
    spans, conditions = [*_spans(wanted)], [*_conditions(actor, wanted)]
    inside = [] if where is None else [among(_columns.calendar_id, where)]
    if wanted.series_ids is not None or wanted.uid is not None:
        return Narrowed(actor, [[*span, *conditions, *inside] for span in spans], is_named=True)
    if wanted.attendee_email is not None and await _attends_few(connection, actor, wanted.attendee_email, spans):
        lists = _columns.attendee_list.in_(_lists(actor, wanted.attendee_email))
        return Narrowed(actor, [[*span, lists, *conditions, *inside] for span in spans], is_named=True)
    if where is None or len(where) > _MOST_BRANCHES or await _organizes_few(connection, actor, wanted):
        return Narrowed(actor, [[*span, *conditions, *inside] for span in spans])
    branches = [[_columns.calendar_id == id, *span, *conditions] for id in where for span in spans]
    return Narrowed(actor, branches, is_named=True)


async def _calendars(
    connection: AsyncConnection, actor: Actor, wanted: OccurrenceFilter
) -> Sequence[CalendarId] | None:
    """Those of the actor's calendars that the filter wants; `None` if these are all."""
    if wanted.provider is None and wanted.connection_ids is None and wanted.calendar_ids is None:
        return None
    rows = (await connection.execute(within(actor, select(calendars), calendars))).all()
    found = [
        CalendarId(row.id)
        for row in rows
        if (wanted.provider is None or row.provider == wanted.provider)
        and (wanted.connection_ids is None or row.connection_id in wanted.connection_ids)
        and (wanted.calendar_ids is None or row.id in wanted.calendar_ids)
    ]
    return None if 0 < len(found) == len(rows) else found


def _lists(actor: Actor, attendee: str) -> Select[Any]:
    """The lists that an address is in."""
    columns = attendee_lists.c
    return select(columns.list_id).where(columns.user_id == actor.user_id, columns.email == attendee.lower())


async def _attends_few(connection: AsyncConnection, actor: Actor, attendee: str, spans: Sequence[_Branch]) -> bool:
    """Whether an address is among the attendees of few occurrences in this time, of few different lists."""
    lists = _lists(actor, attendee)
    if not await _are_few(connection, lists):
        return False
    named = lists.subquery()
    attended = select(_columns.id).join(named, named.c.list_id == _columns.attendee_list)
    found = [named_within(actor, attended.where(*span), occurrences) for span in spans]
    return all([await _are_few(connection, some) for some in found])


async def _organizes_few(connection: AsyncConnection, actor: Actor, wanted: OccurrenceFilter) -> bool:
    if wanted.organizer_email is None:
        return False
    organized = select(_columns.id).where(_organizer_is(wanted.organizer_email))
    return await _are_few(connection, within(actor, organized, occurrences))


async def _are_few(connection: AsyncConnection, rows: Select[Any]) -> bool:
    counted = select(func.count()).select_from(rows.limit(_FEW + 1).subquery())
    return int((await connection.execute(counted)).scalar_one()) <= _FEW


def _organizer_is(address: str) -> _Condition:
    return _columns.organizer_email == address.lower()


def _spans(wanted: OccurrenceFilter) -> Iterator[_Branch]:
    """The time that is wanted. What was under way already when it begins, and lasts long, is looked for apart: else
    everything that ever began before would have to be looked at."""
    conditions = [*_time_conditions(wanted)]
    since = _under_way_since(wanted)
    if since is None:
        yield conditions
        return
    shortly_before = later(since, -_LASTING)
    yield [_columns.starts_at >= shortly_before, *conditions]
    if wanted.starts_after is None or wanted.starts_after < shortly_before:
        yield [lasting(occurrences), _columns.starts_at < shortly_before, _columns.ends_at > since, *conditions]


def _under_way_since(wanted: OccurrenceFilter) -> datetime | None:
    """What was over by then is not wanted."""
    since = [] if wanted.overlaps_after is None else [wanted.overlaps_after]
    if wanted.days is not None:
        since.append(later(_edges(wanted.days)[0], -_FARTHEST))
    return max(since, default=None)


def _time_conditions(wanted: OccurrenceFilter) -> Iterator[_Condition]:
    if wanted.starts_after is not None:
        yield _columns.starts_at >= wanted.starts_after
    if wanted.starts_before is not None:
        yield _columns.starts_at < wanted.starts_before
    if wanted.overlaps_after is not None:
        yield _ends_after(wanted.overlaps_after)
    if wanted.overlaps_before is not None:
        yield _columns.starts_at < wanted.overlaps_before
    if wanted.days is not None:
        yield from _on_days(wanted.days)


def _ends_after(moment: datetime) -> _Condition:
    """What takes no time is under way when it starts."""
    return or_(_columns.ends_at > moment, _columns.starts_at >= moment)


def _on_days(days: Days) -> Iterator[_Condition]:
    """Timed occurrences by the instants of the days, which have 23 or 25 hours when clocks change, or none at all where
    a zone changed sides of the date line; those of whole days by their own days."""
    begin, end = _edges(days)
    yield _columns.starts_at < later(end, _FARTHEST)
    yield _columns.ends_at > later(begin, -_FARTHEST)
    has_days = _columns.starts_on.is_not(None)
    those = and_(_columns.starts_on <= days.last.isoformat(), _columns.ends_on > days.first.isoformat())
    at_times = and_(_columns.starts_at < end, _ends_after(begin)) if begin < end else ~true()
    yield or_(and_(has_days, those), and_(~has_days, at_times))


def _edges(days: Days) -> tuple[datetime, datetime]:
    """The instants at which the days begin and are over."""
    zone = load_zone(days.zone)
    first, last = (datetime.combine(day, time()) for day in (days.first, days.last))
    return to_instant(first, zone), to_instant(later(last, _DAY), zone)


def _conditions(actor: Actor, wanted: OccurrenceFilter) -> Iterator[_Condition]:
    """All that is not about time or place."""
    yield from _of_state(wanted)
    yield from _of_kind(wanted)
    yield from _of_whom(actor, wanted)
    if wanted.series_ids is not None:
        yield among(_columns.event_id, wanted.series_ids)
    if wanted.uid is not None:
        yield _columns.uid == wanted.uid
    if wanted.text:
        yield holds(_columns.title_folded, folded(storable(wanted.text)))


def _of_state(wanted: OccurrenceFilter) -> Iterator[_Condition]:
    """What is not as usual has an index of its own. SQLite knows it again by the letter."""
    if wanted.statuses is not None:
        yield among(_columns.status, wanted.statuses)
        if EventStatus.CONFIRMED not in wanted.statuses:
            yield _columns.status != literal_column("'confirmed'")
    if wanted.responses is not None:
        yield among(_columns.response, wanted.responses)
        if ResponseStatus.ACCEPTED not in wanted.responses:
            yield _columns.response != literal_column("'accepted'")
    if wanted.auto_join_status is not None:
        yield _columns.auto_join_status == wanted.auto_join_status
        if wanted.auto_join_status is not AutoJoinStatus.PENDING:
            yield _columns.auto_join_status != literal_column("'pending'")


def _of_kind(wanted: OccurrenceFilter) -> Iterator[_Condition]:
    if wanted.is_all_day is not None:
        yield _columns.all_day if wanted.is_all_day else ~_columns.all_day
    if wanted.is_recurring is not None:
        yield _columns.is_recurring if wanted.is_recurring else ~_columns.is_recurring
    if wanted.has_meeting_link is not None:
        yield _columns.meeting_link.is_not(None) if wanted.has_meeting_link else _columns.meeting_link.is_(None)
    if wanted.meeting_platform is not None:
        yield _columns.meeting_link.is_not(None) & (_columns.meeting_platform == wanted.meeting_platform)


def _of_whom(actor: Actor, wanted: OccurrenceFilter) -> Iterator[_Condition]:
    if wanted.organizer_email is not None:
        yield _organizer_is(wanted.organizer_email)
    if wanted.attendee_email is not None:
        yield exists(_lists(actor, wanted.attendee_email).where(attendee_lists.c.list_id == _columns.attendee_list))
