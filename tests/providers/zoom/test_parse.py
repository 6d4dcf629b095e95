"""What a meeting says, as the event it is."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calendar_sync.domain.events import Attendee, Event, MeetingLink, Person, Window
from calendar_sync.domain.providers import Quarantine, Upsert, UpsertException
from calendar_sync.recurrence import expand
from providers.zoom.diff import told, told_in_detail
from providers.zoom.listing import Kind, Row, hosted_rows, invited_rows
from providers.zoom.wire import MeetingDetail

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
ZURICH = ZoneInfo("Europe/Zurich")
JOIN = "https://acme.zoom.us/j/97763643886?pwd=secret.1"
ROW = {
    "uuid": "/aDYl+/==",
    "id": 97763643886,
    "host_id": "30R7",
    "topic": " Weekly ",
    "type": 2,
    "start_time": "2026-01-05T08:00:00Z",
    "duration": 30,
    "timezone": "Europe/Zurich",
    "agenda": "",
    "created_at": "2025-12-01T08:00:00Z",
    "join_url": JOIN,
}


def wall(text: str) -> datetime:
    return datetime.fromisoformat(text)


def an_event(**values: object) -> Event:
    (row,) = hosted_rows([{**ROW, **values}]).values()
    change = told(row, "Ada@Example.com").change
    assert isinstance(change, Upsert), change
    return change.event


def test_a_meeting_says_when_it_is_how_to_join_it_and_who_hosts_it() -> None:
    event = an_event(agenda="What we do")
    assert (event.remote_id, event.uid) == ("97763643886", "97763643886")
    assert (event.time.start, event.time.end) == (wall("2026-01-05T09:00"), wall("2026-01-05T09:30"))
    assert event.time.zone == "Europe/Zurich"
    assert (event.details.title, event.details.description) == ("Weekly", "What we do")
    assert event.details.organizer == Person("ada@example.com")
    assert event.details.links == (MeetingLink(JOIN, "zoom"),)
    assert not event.is_recurring


def test_an_id_beyond_64_bits_of_a_float_keeps_its_digits() -> None:
    assert an_event(id=9_007_199_254_740_993).remote_id == "9007199254740993"
    assert an_event(id="9007199254740993").remote_id == "9007199254740993"


@pytest.mark.parametrize(
    ("start", "shown", "fold"),
    [
        ("2026-03-29T00:30:00Z", "2026-03-29T01:30", 0),
        ("2026-03-29T01:30:00Z", "2026-03-29T03:30", 0),
        ("2026-10-25T00:30:00Z", "2026-10-25T02:30", 0),
        ("2026-10-25T01:30:00Z", "2026-10-25T02:30", 1),
        ("2026-07-01T08:00:00", "2026-07-01T10:00", 0),
    ],
)
def test_its_time_is_on_the_wall_clock_of_its_zone(start: str, shown: str, fold: int) -> None:
    time = an_event(start_time=start).time
    assert (time.start, time.fold) == (wall(shown), fold)


@pytest.mark.parametrize(
    ("name", "zone"), [("US/Eastern", "America/New_York"), ("Mars/Olympus", "UTC"), (None, "UTC"), (7, "UTC")]
)
def test_a_zone_has_its_usual_name(name: object, zone: str) -> None:
    assert an_event(timezone=name).time.zone == zone


@pytest.mark.parametrize("kind", [2, 10, 99, None])
def test_a_type_that_nobody_knows_is_a_meeting_if_it_has_a_time(kind: int | None) -> None:
    assert an_event(type=kind).details.title == "Weekly"


@pytest.mark.parametrize("kind", [1, 3])
def test_what_has_no_set_time_is_no_event(kind: int) -> None:
    assert hosted_rows([{**ROW, "type": kind}]) == {}


@pytest.mark.parametrize(
    "values",
    [
        {"start_time": "soon"},
        {"start_time": None},
        {"start_time": "9999-12-31T23:59:59Z"},
        {"duration": "long"},
        {"duration": 10**12},
        {"topic": 7},
    ],
    ids=str,
)
def test_what_cannot_be_understood_is_put_aside_by_its_name(values: dict[str, object]) -> None:
    (row,) = hosted_rows([{**ROW, **values}]).values()
    change = told(row, None).change
    assert isinstance(change, Quarantine)
    assert change.remote_id == "97763643886"
    assert "Weekly" in change.source or "join_url" in change.source


@pytest.mark.parametrize("source", [None, 7, "x", [], {}, {"id": True}, {"id": "seven"}, {"id": []}])
def test_what_has_no_name_is_put_aside_by_its_content(source: object) -> None:
    (row,) = hosted_rows([source, source]).values()
    change = told(row, None).change
    assert isinstance(change, Quarantine)
    assert change.remote_id.startswith("unnamed-")
    assert told(row, None) == told(row, None)


def test_a_row_is_known_by_what_it_says() -> None:
    def fingerprint(**values: object) -> str:
        (row,) = hosted_rows([{**ROW, **values}]).values()
        return row.fingerprint

    assert fingerprint() == fingerprint(uuid="other", created_at="now", added_later=1)
    changes: list[dict[str, object]] = [
        {"topic": "X"},
        {"type": 8},
        {"start_time": "2026-01-05T09:00:00Z"},
        {"duration": 1},
    ]
    changes += [{"agenda": "X"}, {"timezone": "UTC"}, {"join_url": "X"}]
    assert len({fingerprint(**values) for values in [{}, *changes]}) == len(changes) + 1


# Invitations


def test_an_invitation_to_one_meeting_is_an_event_whose_host_is_not_told() -> None:
    (row,) = invited_rows([{**ROW, "is_host": False}]).values()
    change = told(row, "ada@example.com").change
    assert isinstance(change, Upsert)
    assert change.event.details.organizer is None


def test_invitations_to_a_series_are_told_one_by_one() -> None:
    second = {**ROW, "type": 8, "start_time": "2026-01-12T08:00:00Z", "is_host": False}
    rows = invited_rows([{**second, "start_time": ROW["start_time"]}, second])
    first, other = (told(row, None).change for row in rows.values())
    assert isinstance(first, UpsertException)
    assert isinstance(other, UpsertException)
    assert first.series_id == other.series_id == "97763643886"
    assert first.remote_id != other.remote_id
    assert other.original_start == datetime(2026, 1, 12, 8, tzinfo=UTC)


def test_what_the_user_hosts_is_no_invitation() -> None:
    assert invited_rows([{**ROW, "is_host": True}]) == {}


# Series


def milliseconds(start: datetime) -> str:
    return str(int(start.timestamp() * 1000))


def occurrence(start: datetime, moved: timedelta = timedelta(), **values: object) -> dict[str, object]:
    shown = f"{start + moved:%Y-%m-%dT%H:%M:%SZ}"
    name = milliseconds(start)
    return {"occurrence_id": name, "start_time": shown, "duration": 30, "status": "available", **values}


WEEKS = [datetime(2026, 3, 16, 9, tzinfo=ZURICH) + timedelta(weeks=each) for each in range(4)]
"""Clocks are put forward between the second and the third."""
STARTS = [start.astimezone(UTC) for start in WEEKS]
RECURRENCE = {"type": 2, "repeat_interval": 1, "weekly_days": "2", "end_times": 4}


def a_detail(*occurrences: dict[str, object], **values: object) -> dict[str, object]:
    held = occurrences or [occurrence(start) for start in STARTS]
    return {**ROW, "type": 8, "occurrences": list(held), "recurrence": RECURRENCE, **values}


def a_series(detail: dict[str, object]) -> Event:
    change = told_in_detail(a_row(), detail, "ada@example.com", NOW).change
    assert isinstance(change, Upsert), change
    return change.event


def a_row() -> Row:
    (row,) = hosted_rows([{**ROW, "type": 8}]).values()
    assert row.kind is Kind.SERIES
    return row


def instances(event: Event) -> list[tuple[datetime, datetime]]:
    window = Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
    return [(each.starts_at, each.ends_at) for each in expand(event, window).instances]


def test_a_series_has_the_occurrences_that_zoom_lists_on_its_wall_clock() -> None:
    event = a_series(a_detail())
    assert event.recurrence is not None
    assert {start.hour for start in event.recurrence.dates} == {9}
    assert event.recurrence.rules == ("FREQ=WEEKLY;COUNT=4;INTERVAL=1;BYDAY=MO",)
    assert instances(event) == [(start, start + timedelta(minutes=30)) for start in STARTS]


def test_a_moved_a_lengthened_and_a_deleted_occurrence() -> None:
    hour = timedelta(hours=1)
    event = a_series(
        a_detail(
            occurrence(STARTS[0], hour),
            occurrence(STARTS[1], duration=90),
            occurrence(STARTS[2], status="deleted"),
            occurrence(STARTS[3]),
        )
    )
    assert instances(event) == [
        (STARTS[0] + hour, STARTS[0] + hour + timedelta(minutes=30)),
        (STARTS[1], STARTS[1] + timedelta(minutes=90)),
        (STARTS[3], STARTS[3] + timedelta(minutes=30)),
    ]
    originals = [override.original_start for override in event.overrides]
    assert originals == [wall("2026-03-16T09:00"), wall("2026-03-23T09:00")]


def test_the_order_in_which_occurrences_are_listed_makes_no_difference() -> None:
    listed = [occurrence(start) for start in STARTS]
    assert a_series(a_detail(*listed)) == a_series(a_detail(*reversed(listed)))


def test_its_host_and_invitees_are_told() -> None:
    invitees = [{"email": "Grace@partner.example"}, {"email": "ada@example.com"}, {"email": ""}, {}]
    detail = a_detail(host_email="Boss@Example.com", settings={"meeting_invitees": invitees})
    details = a_series(detail).details
    assert details.organizer == Person("boss@example.com")
    assert details.attendees == (Attendee("ada@example.com", is_self=True), Attendee("grace@partner.example"))
    assert a_series(a_detail()).details.organizer == Person("ada@example.com")


def test_a_list_that_is_whole_covers_all_time_and_a_part_of_it_only_what_it_has() -> None:
    def covered(**recurrence: object) -> Window:
        span = a_series(a_detail(recurrence={**RECURRENCE, "end_times": None, **recurrence})).recurrence
        assert span is not None
        assert span.listed is not None
        return span.listed

    whole = covered(end_times=4)
    assert covered(end_times=50).end < whole.end
    assert covered(end_date_time="2026-04-10T00:00:00Z") == whole
    assert covered(end_date_time="2026-12-31T00:00:00Z").end < whole.end
    assert covered().end == STARTS[-1] + timedelta(seconds=1)
    assert covered(type=9).start == whole.start


@pytest.mark.parametrize(
    ("recurrence", "rule"),
    [
        ({"type": 1, "repeat_interval": 3, "end_times": 2}, "FREQ=DAILY;COUNT=2;INTERVAL=3"),
        ({"type": 2, "weekly_days": "7,1"}, "FREQ=WEEKLY;INTERVAL=1;BYDAY=SU,SA"),
        (
            {"type": 3, "monthly_day": 15, "end_date_time": "2026-12-31T22:59:00Z"},
            "FREQ=MONTHLY;UNTIL=20261231T225900Z;INTERVAL=1;BYMONTHDAY=15",
        ),
        ({"type": 3, "monthly_week": -1, "monthly_week_day": 6}, "FREQ=MONTHLY;INTERVAL=1;BYDAY=-1FR"),
        ({"type": 3}, "FREQ=MONTHLY;INTERVAL=1"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_how_it_repeats_is_said_as_a_rule(recurrence: dict[str, object], rule: str) -> None:
    repeats = a_series(a_detail(recurrence=recurrence)).recurrence
    assert repeats is not None
    assert repeats.rules == (rule,)


def test_a_repetition_that_nobody_knows_is_not_said() -> None:
    for unknown in ({"type": 7}, {}, None):
        repeats = a_series(a_detail(recurrence=unknown)).recurrence
        assert repeats is not None
        assert (repeats.rules, len(repeats.dates)) == ((), 4)


@pytest.mark.parametrize(
    "detail",
    [
        {**ROW, "type": 8},
        a_detail(occurrences=[]),
        a_detail(occurrences=7),
        a_detail(occurrence(STARTS[0], occurrence_id="first")),
        a_detail(occurrence(STARTS[0], occurrence_id="9" * 30)),
        a_detail(occurrence(STARTS[0], start_time="soon")),
        a_detail(recurrence={"type": 2, "weekly_days": "9"}),
        a_detail(settings=[7]),
    ],
    ids=lambda detail: str(detail)[-60:],
)
def test_a_series_that_cannot_be_understood_is_put_aside_by_its_name(detail: dict[str, object]) -> None:
    found = told_in_detail(a_row(), detail, None, NOW)
    assert isinstance(found.change, Quarantine)
    assert found.change.remote_id == "97763643886"


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda each: st.lists(each, max_size=3),
    max_leaves=4,
)
members = st.sampled_from([*ROW, *MeetingDetail.__annotations__])


@given(st.dictionaries(members, json, max_size=4))
def test_no_answer_is_too_odd(values: dict[str, object]) -> None:
    for row in hosted_rows([{**ROW, **values}]).values():
        assert told(row, "ada@example.com").known.fingerprint == row.fingerprint
    assert told_in_detail(a_row(), a_detail(**values), "ada@example.com", NOW).known.detailed
