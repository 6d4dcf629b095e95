"""Occurrences as users list them: narrowed, in order, page by page, and their own alone."""

from datetime import UTC, datetime, timedelta

import pytest

from calendar_sync.domain.events import AutoJoinStatus, EventStatus, MeetingLink, Window
from calendar_sync.domain.identifiers import CalendarId, ConnectionId, OccurrenceId
from calendar_sync.domain.occurrences import Occurrence, OccurrenceFilter
from calendar_sync.domain.providers import Cursor, ProviderName
from tests.builders import (
    NOW,
    START,
    WINDOW,
    ZONE,
    a_calendar,
    a_connection,
    a_hole,
    a_series,
    a_time,
    an_all_day_time,
    an_event,
    an_override,
    wall,
)
from tests.store.conftest import Place

STARTS_AT = datetime(2026, 3, 9, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)


async def titles(place: Place, wanted: OccurrenceFilter) -> list[str | None]:
    return [occurrence.title for occurrence in await place.occurrences(wanted)]


async def a_day(place: Place) -> None:
    """Three events of an hour each, at 9, 10 and 11 o'clock, and one that takes no time, at noon."""
    hours = [an_event(str(hour), start=START.replace(hour=hour), title=str(hour)) for hour in (11, 9, 10)]
    await place.apply(*hours, an_event("12", time=a_time(START.replace(hour=12), lasts=timedelta()), title="12"))


NARROWED = [
    (OccurrenceFilter(), ["9", "10", "11", "12"]),
    (OccurrenceFilter(starts_after=STARTS_AT + HOUR), ["10", "11", "12"]),
    (OccurrenceFilter(starts_before=STARTS_AT + HOUR), ["9"]),
    (OccurrenceFilter(starts_after=STARTS_AT + HOUR, starts_before=STARTS_AT + 2 * HOUR), ["10"]),
    (OccurrenceFilter(overlaps_after=STARTS_AT + HOUR / 2), ["9", "10", "11", "12"]),
    (OccurrenceFilter(overlaps_after=STARTS_AT + HOUR), ["10", "11", "12"]),
    (OccurrenceFilter(overlaps_after=STARTS_AT + 3 * HOUR), ["12"]),
    (OccurrenceFilter(overlaps_after=STARTS_AT + 3 * HOUR + timedelta(microseconds=1)), []),
    (OccurrenceFilter(overlaps_before=STARTS_AT + HOUR), ["9"]),
    (OccurrenceFilter(overlaps_after=STARTS_AT + HOUR / 2, overlaps_before=STARTS_AT + HOUR * 1.5), ["9", "10"]),
    (OccurrenceFilter(provider=ProviderName.CALDAV), ["9", "10", "11", "12"]),
    (OccurrenceFilter(provider=ProviderName.ICS), []),
    (OccurrenceFilter(calendar_ids=[]), []),
    (OccurrenceFilter(calendar_ids=[CalendarId("cal_none")]), []),
    (OccurrenceFilter(connection_ids=[ConnectionId("tcred_none")]), []),
    (OccurrenceFilter(statuses=[EventStatus.CONFIRMED, EventStatus.CANCELLED]), ["9", "10", "11", "12"]),
    (OccurrenceFilter(statuses=[EventStatus.TENTATIVE]), []),
    (OccurrenceFilter(auto_join_status=AutoJoinStatus.PENDING, text="1"), ["10", "11", "12"]),
    (OccurrenceFilter(auto_join_status=AutoJoinStatus.DISABLED), []),
    (OccurrenceFilter(has_meeting_link=False), ["9", "10", "11", "12"]),
    (OccurrenceFilter(has_meeting_link=True), []),
]


async def test_a_list_is_narrowed_by_all_that_is_set(place: Place) -> None:
    await a_day(place)
    found = [(wanted, await titles(place, wanted)) for wanted, _ in NARROWED]
    assert found == NARROWED


async def test_what_began_before_is_under_way_until_it_ends_however_long_it_lasts(place: Place) -> None:
    lengths = [number * timedelta(hours=12) for number in range(1, 12)] + [timedelta(days=60)]
    times = [a_time(wall("2026-03-09T09:00") - lasts, lasts=lasts, zone="UTC") for lasts in lengths]
    await place.apply(*(an_event(str(number), time=time) for number, time in enumerate(times)))
    over = datetime(2026, 3, 9, 9, tzinfo=UTC)
    found = [
        len(await place.occurrences(OccurrenceFilter(overlaps_after=moment, overlaps_before=over + HOUR)))
        for moment in (over - timedelta(microseconds=1), over)
    ]
    assert found == [len(lengths), 0]


async def test_a_list_is_narrowed_to_calendars_and_connections(place: Place) -> None:
    elsewhere = await a_calendar(place.database, await a_connection(place.database, place.actor, identity="other"))
    other = Place(place.database, place.actor, place.connection, elsewhere)
    await place.apply(an_event(title="Here"))
    await other.apply(an_event(title="There"))
    assert await titles(place, OccurrenceFilter(calendar_ids=[place.calendar.id])) == ["Here"]
    assert await titles(place, OccurrenceFilter(calendar_ids=[elsewhere.id])) == ["There"]
    assert await titles(place, OccurrenceFilter(connection_ids=[elsewhere.connection_id])) == ["There"]


async def test_a_list_is_narrowed_to_what_can_be_joined(place: Place) -> None:
    links = (MeetingLink("https://zoom.example/j/1", "zoom"),)
    await place.apply(an_event("a", title="Call", links=links), an_event("b", title="Lunch"))
    assert await titles(place, OccurrenceFilter(has_meeting_link=True)) == ["Call"]
    assert await titles(place, OccurrenceFilter(has_meeting_link=False)) == ["Lunch"]


FOUND = {
    "review": ["Quarterly REVIEW"],
    "100%": ["100%_done"],
    "_": ["100%_done"],
    "\\": ["a\\b"],
    "ÉQUIPE": ["Réunion d'équipe"],
    "e\u0301quipe": ["Réunion d'équipe"],
    "STRASSE": ["Straße"],
    "rev\x00iew": ["Quarterly REVIEW"],
    "nothing": [],
    "x" * 100_000: [],
    "": ["100%_done", "None", "Quarterly REVIEW", "Réunion d'équipe", "Straße", "a\\b"],
}


async def test_a_title_is_searched_without_regard_to_case_in_any_script(place: Place) -> None:
    names = ["Quarterly REVIEW", "100%_done", "a\\b", "Réunion d'équipe", "Straße", None]
    await place.apply(*(an_event(str(number), title=name) for number, name in enumerate(names)))
    found = {text: sorted(map(str, await titles(place, OccurrenceFilter(text=text)))) for text in FOUND}
    assert found == FOUND


@pytest.mark.parametrize("descending", [False, True])
async def test_pages_by_place_show_everything_once_in_order_also_what_starts_at_once(
    descending: bool, place: Place
) -> None:
    await place.apply(*(an_event(str(number)) for number in range(5)), a_series(rule="FREQ=DAILY;COUNT=4"))
    seen: list[Occurrence] = []
    after: tuple[datetime, OccurrenceId] | None = None
    while True:
        async with place.database.begin(write=False) as tx:
            page = await tx.events.page(place.actor, OccurrenceFilter(), after=after, limit=2, descending=descending)
        seen += page.items
        if not page.has_more:
            break
        after = (page.items[-1].starts_at, page.items[-1].id)
    everything = await place.occurrences()
    assert len(everything) == 9
    assert seen == (everything[::-1] if descending else everything)


async def test_pages_by_number_and_the_total(place: Place) -> None:
    await a_day(place)
    async with place.database.begin(write=False) as tx:
        page = await tx.events.page(place.actor, OccurrenceFilter(text="1"), skip=1, limit=1, count=True)
        last = await tx.events.page(place.actor, OccurrenceFilter(), skip=3, limit=5)
        beyond = await tx.events.page(place.actor, OccurrenceFilter(), skip=9, limit=5, count=True)
    assert ([occurrence.title for occurrence in page.items], page.has_more, page.total) == (["11"], True, 3)
    assert ([occurrence.title for occurrence in last.items], last.has_more, last.total) == (["12"], False, None)
    assert (beyond.items, beyond.has_more, beyond.total) == ([], False, 4)


async def test_an_occurrence_was_synced_when_its_calendar_last_was(place: Place) -> None:
    await place.apply(an_event())
    async with place.database.begin() as tx:
        await tx.calendars.completed(place.calendar.id, Cursor("1"), NOW + HOUR)
    (occurrence,) = await place.occurrences()
    assert (occurrence.synced_at, occurrence.created_at) == (NOW + HOUR, NOW)


async def test_the_user_s_decision_on_auto_join_is_kept_and_can_be_taken_back(place: Place) -> None:
    await place.apply(an_event())
    (occurrence,) = await place.occurrences()
    async with place.database.begin() as tx:
        disabled = await tx.events.set_auto_join(place.actor, occurrence.id, AutoJoinStatus.DISABLED)
    assert await titles(place, OccurrenceFilter(auto_join_status=AutoJoinStatus.DISABLED)) == ["Stand-up"]
    async with place.database.begin() as tx:
        pending = await tx.events.set_auto_join(place.actor, occurrence.id, AutoJoinStatus.PENDING)
    assert (disabled.auto_join_status, pending) == (AutoJoinStatus.DISABLED, occurrence)


async def test_contents_are_those_of_each_instance_as_its_exception_has_it(place: Place) -> None:
    moved = an_override(START + timedelta(days=1), start=START + timedelta(days=1, hours=5), title="Moved")
    await place.apply(
        a_series(rule="FREQ=DAILY;COUNT=4", overrides=[moved, a_hole(START + timedelta(days=2))], location="Room 1"),
        an_event(time=an_all_day_time("2026-03-20"), title="Holiday", description="Closed."),
    )
    occurrences = await place.occurrences()
    async with place.database.begin(write=False) as tx:
        found = await tx.events.contents(place.actor, [*(each.id for each in occurrences), OccurrenceId("mcevt_none")])
    contents = [found[occurrence.id] for occurrence in occurrences]
    assert set(found) == {occurrence.id for occurrence in occurrences}
    assert [content.details.title for content in contents] == ["Stand-up", "Moved", "Stand-up", "Holiday"]
    assert [content.details.location for content in contents] == ["Room 1", None, "Room 1", None]
    assert contents[1].time == a_time(wall("2026-03-10T14:00"))
    assert contents[3].time == an_all_day_time("2026-03-20")
    assert contents[3].details.description == "Closed."


async def test_the_contents_of_history_that_its_series_no_longer_has_are_when_it_was_and_what_the_series_says(
    place: Place,
) -> None:
    first = wall("2026-01-05T09:00")
    await place.apply(a_series(start=first))
    (row, *_) = await place.occurrences()
    await place.apply(a_series(start=first + HOUR, title="Later"), now=NOW, window=Window(row.ends_at, WINDOW.end))
    async with place.database.begin(write=False) as tx:
        contents = await tx.events.contents(place.actor, [row.id])
    wall_start = wall("2026-02-02T09:00")
    assert row.starts_at == datetime(2026, 2, 2, 8, tzinfo=UTC)
    assert contents[row.id].time == a_time(wall_start, zone=ZONE)
    assert contents[row.id].details.title == "Later"
