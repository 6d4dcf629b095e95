"""Every filter of lists is served by an index. SQLite, which does not know how many rows there are, is led to it."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, date, datetime, timedelta

import pytest

from calendar_sync.domain.events import Attendee, AutoJoinStatus, EventStatus, ResponseStatus
from calendar_sync.domain.identifiers import EventId
from calendar_sync.domain.occurrences import Days, OccurrenceFilter
from calendar_sync.store.database import Database
from calendar_sync.store.engines import sqlite_path
from tests.builders import a_calendar, an_event
from tests.store.conftest import a_place
from tests.store.test_cost import counted

BEGIN = datetime(2026, 3, 9, tzinfo=UTC)
END = BEGIN + timedelta(days=1)
BY_START = "ix_occurrences_user_id_starts_at_id (user_id=?"
FROM = OccurrenceFilter(starts_after=BEGIN)
DAYS = Days(date(2026, 3, 9), date(2026, 3, 9), "Europe/Berlin")

PLANS: Mapping[str, tuple[OccurrenceFilter, set[str]]] = {
    "everything": (OccurrenceFilter(), {BY_START}),
    "from a moment on": (FROM, {f"{BY_START} AND starts_at>?"}),
    "a span": (
        OccurrenceFilter(starts_after=BEGIN, starts_before=END),
        {f"{BY_START} AND starts_at>? AND starts_at<?"},
    ),
    "under way": (
        OccurrenceFilter(overlaps_after=BEGIN, overlaps_before=END),
        {f"{BY_START} AND starts_at>? AND starts_at<?", "ix_occurrences_lasting (user_id=? AND starts_at<?"},
    ),
    "days": (
        OccurrenceFilter(days=DAYS),
        {f"{BY_START} AND starts_at>? AND starts_at<?", "ix_occurrences_lasting (user_id=? AND starts_at<?"},
    ),
    "unusual statuses": (
        OccurrenceFilter(starts_after=BEGIN, statuses=[EventStatus.CANCELLED]),
        {"ix_occurrences_unconfirmed (user_id=? AND starts_at>?"},
    ),
    "unusual answers": (
        OccurrenceFilter(starts_after=BEGIN, responses=[ResponseStatus.DECLINED]),
        {"ix_occurrences_unaccepted (user_id=? AND starts_at>?"},
    ),
    "decided": (
        OccurrenceFilter(starts_after=BEGIN, auto_join_status=AutoJoinStatus.JOINED),
        {"ix_occurrences_decided (user_id=? AND auto_join_status=? AND starts_at>?"},
    ),
    "all-day": (
        OccurrenceFilter(starts_after=BEGIN, is_all_day=True),
        {"ix_occurrences_all_day (user_id=? AND starts_at>?"},
    ),
    "joinable": (
        OccurrenceFilter(starts_after=BEGIN, has_meeting_link=True),
        {"ix_occurrences_joinable (user_id=? AND starts_at>?"},
    ),
    "a platform": (OccurrenceFilter(meeting_platform="zoom"), {"ix_occurrences_joinable (user_id=?"}),
    "an organiser": (
        OccurrenceFilter(starts_after=BEGIN, organizer_email="ada@example.com"),
        {"ix_occurrences_user_id_organizer_email_starts_at_id (user_id=? AND organizer_email=? AND starts_at>?"},
    ),
    "an attendee": (
        OccurrenceFilter(starts_after=BEGIN, attendee_email="ada@example.com"),
        {"ix_occurrences_attendee_list_starts_at (attendee_list=? AND starts_at>?"},
    ),
    "a series": (OccurrenceFilter(series_ids=[EventId("evt_1")]), {"ix_occurrences_event_id (event_id=?"}),
    "a UID": (OccurrenceFilter(uid="1"), {"ix_occurrences_uid_meeting_start_user_id (uid=?"}),
    "words": (OccurrenceFilter(starts_after=BEGIN, text="x"), {f"{BY_START} AND starts_at>?"}),
}


async def used(url: str, wanted: OccurrenceFilter, *, by_calendar: bool = False) -> set[str]:
    """The indexes of `occurrences` by which a page is found, each with what is looked up in it."""
    database = await Database.open(url)
    place = await a_place(database)
    beside = await a_calendar(database, place.connection, "beside")
    await place.apply(an_event(attendees=(Attendee("ada@example.com"),)))
    if by_calendar:
        wanted = OccurrenceFilter(starts_after=BEGIN, calendar_ids=[beside.id])
    with counted() as cost:
        async with database.begin(write=False) as tx:
            await tx.events.page(place.actor, wanted, limit=50)
    await database.close()
    with closing(sqlite3.connect(sqlite_path(url))) as connection:
        page = next((sql, values) for sql, values in reversed(cost.sent) if "last_synced_at" in sql)
        steps = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {page[0]}", page[1])]
    assert not [step for step in steps if step.startswith("SCAN occurrences")]
    found = {step.partition(" INDEX ")[2].rstrip(")") for step in steps if step.startswith("SEARCH occurrences")}
    return {step for step in found if not step.startswith("sqlite_autoindex_occurrences_1 (id=?")}


@pytest.mark.parametrize("case", PLANS)
async def test_a_filter_is_served_by_its_index(sqlite_url: str, case: str) -> None:
    wanted, indexes = PLANS[case]
    assert {plan.rstrip(")") for plan in await used(sqlite_url, wanted)} == indexes


async def test_a_calendar_is_read_by_its_own_index(sqlite_url: str) -> None:
    assert await used(sqlite_url, FROM, by_calendar=True) == {
        "ix_occurrences_calendar_id_starts_at (calendar_id=? AND starts_at>?"
    }
