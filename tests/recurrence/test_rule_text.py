"""Rules as text: what is read, what is forgiven and what is refused."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calendar_sync.domain.errors import Invalid
from calendar_sync.recurrence import InvalidRule, Rule
from calendar_sync.recurrence.rule import Frequency, WeekdayNumber
from tests.recurrence.builders import wall
from tests.recurrence.rules import rule_text, rules


def test_every_part_is_read() -> None:
    rule = Rule.parse(
        "FREQ=YEARLY;INTERVAL=2;COUNT=10;UNTIL=20301231T120000Z;WKST=SU;BYSECOND=0,30;BYMINUTE=15;BYHOUR=9,8;"
        "BYDAY=MO,-2TU,+1FR,20SU;BYMONTHDAY=-1,15;BYYEARDAY=100,-100;BYWEEKNO=20,-1;BYMONTH=12,6;BYSETPOS=-1,1"
    )

    assert rule == Rule(
        frequency=Frequency.YEARLY,
        interval=2,
        count=10,
        until=datetime(2030, 12, 31, 12, tzinfo=UTC),
        seconds=(0, 30),
        minutes=(15,),
        hours=(8, 9),
        weekdays=(WeekdayNumber(0), WeekdayNumber(1, -2), WeekdayNumber(4, 1), WeekdayNumber(6, 20)),
        month_days=(-1, 15),
        year_days=(-100, 100),
        weeks=(-1, 20),
        months=(6, 12),
        positions=(-1, 1),
        week_start=6,
    )


@pytest.mark.parametrize(
    ("text", "until"),
    [
        ("20300131", date(2030, 1, 31)),
        ("20300131T093000", wall("2030-01-31T09:30")),
        ("20300131T093000Z", datetime(2030, 1, 31, 9, 30, tzinfo=UTC)),
        ("20300131T235960Z", datetime(2030, 1, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_until_keeps_its_kind(text: str, until: date) -> None:
    rule = Rule.parse(f"FREQ=DAILY;UNTIL={text}")

    assert rule.until == until
    assert type(rule.until) is type(until)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("freq=weekly;byday=mo", "FREQ=WEEKLY;BYDAY=MO"),
        (" FREQ=WEEKLY; BYDAY=MO, TU ;", "FREQ=WEEKLY;BYDAY=MO,TU"),
        ("FREQ=WEEKLY;BYDAY=TU,MO,TU", "FREQ=WEEKLY;BYDAY=MO,TU"),
        ("FREQ=WEEKLY;FREQ=WEEKLY", "FREQ=WEEKLY"),
        ("FREQ=WEEKLY;COUNT=-1", "FREQ=WEEKLY"),
        ("FREQ=WEEKLY;X-NOTE=whatever", "FREQ=WEEKLY"),
        ("FREQ=MINUTELY;BYSECOND=60", "FREQ=MINUTELY;BYSECOND=59"),
        ("RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=OMIT", "FREQ=MONTHLY"),
        ("INTERVAL=1;FREQ=MONTHLY;WKST=MO", "FREQ=MONTHLY"),
    ],
)
def test_where_the_meaning_is_plain_much_is_forgiven(written: str, meant: str) -> None:
    assert Rule.parse(written) == Rule.parse(meant)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "part that is not known"),
        ("WEEKLY", "part that is not known"),
        ("INTERVAL=2", "does not say how often"),
        ("FREQ=FORTNIGHTLY", "does not say how often"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL of the recurrence rule must be a number from 1"),
        ("FREQ=DAILY;INTERVAL=-1", "INTERVAL"),
        ("FREQ=DAILY;INTERVAL=1.5", "INTERVAL"),
        ("FREQ=DAILY;INTERVAL=99999999999999999999", "INTERVAL"),
        ("FREQ=DAILY;COUNT=0", "COUNT"),
        ("FREQ=DAILY;COUNT=-2", "COUNT"),
        ("FREQ=DAILY;COUNT=999999999999", "COUNT"),
        ("FREQ=DAILY;COUNT=" + 5000 * "9", "COUNT"),
        ("FREQ=DAILY;COUNT=٣", "COUNT"),
        ("FREQ=DAILY;COUNT=", "COUNT of the recurrence rule has no value"),
        ("FREQ=DAILY;COUNT=2;COUNT=3", "gives COUNT twice"),
        ("FREQ=DAILY;UNTIL=tomorrow", "UNTIL"),
        ("FREQ=DAILY;UNTIL=20260230", "UNTIL"),
        ("FREQ=DAILY;UNTIL=20260101T250000Z", "UNTIL"),
        ("FREQ=DAILY;UNTIL=00000101", "UNTIL"),
        ("FREQ=DAILY;UNTIL=2026-01-01", "UNTIL"),
        ("FREQ=DAILY;WKST=XX", "WKST"),
        ("FREQ=DAILY;BYSECOND=61", "BYSECOND"),
        ("FREQ=DAILY;BYMINUTE=60", "BYMINUTE"),
        ("FREQ=DAILY;BYHOUR=24", "BYHOUR"),
        ("FREQ=DAILY;BYHOUR=-1", "BYHOUR"),
        ("FREQ=WEEKLY;BYDAY=XX", "BYDAY"),
        ("FREQ=MONTHLY;BYDAY=0MO", "BYDAY"),
        ("FREQ=YEARLY;BYDAY=54MO", "BYDAY"),
        ("FREQ=YEARLY;BYDAY=1000000MO", "BYDAY"),
        ("FREQ=WEEKLY;BYDAY=MO,,TU", "BYDAY"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "BYMONTHDAY of the recurrence rule must not be 0"),
        ("FREQ=MONTHLY;BYMONTHDAY=32", "BYMONTHDAY"),
        ("FREQ=YEARLY;BYYEARDAY=367", "BYYEARDAY"),
        ("FREQ=YEARLY;BYWEEKNO=54", "BYWEEKNO"),
        ("FREQ=YEARLY;BYMONTH=13", "BYMONTH"),
        ("FREQ=YEARLY;BYMONTH=5L", "BYMONTH"),
        ("FREQ=YEARLY;BYSETPOS=367", "BYSETPOS"),
        ("FREQ=YEARLY;BYEASTER=0", "not known: 'BYEASTER'"),
        ("RSCALE=CHINESE;FREQ=YEARLY", "calendar (RSCALE) other than the Gregorian"),
        ("RSCALE=GREGORIAN;SKIP=FORWARD;FREQ=MONTHLY", "SKIP"),
        ("FREQ=MINUTELY;BYSECOND=" + ",".join(["1"] * 401), "lists more than 400 values"),
        ("FREQ=DAILY;X-A=" + 20_000 * "x", "longer than any rule"),
    ],
)
def test_what_cannot_be_followed_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(InvalidRule) as refused:
        Rule.parse(text)

    assert reason in refused.value.message
    assert len(refused.value.message) < 120
    assert refused.value.message.endswith(".")
    assert refused.value.field == "rrule"
    assert isinstance(refused.value, Invalid)


@given(parts=rules())
def test_rules_of_every_kind_are_read(parts: dict[str, str]) -> None:
    assert Rule.parse(rule_text(parts)).frequency.name == parts["FREQ"]


PIECES = ["FREQ=DAILY", "INTERVAL=", ";", ",", "=", "-", "1", "BYDAY=MO", "UNTIL=2026", "Z"]


@given(text=st.text() | st.lists(st.sampled_from(PIECES)).map("".join))
def test_text_of_any_kind_is_read_or_refused(text: str) -> None:
    try:
        rule = Rule.parse(text)
    except InvalidRule:
        return
    assert "FREQ" in text.upper()
    assert rule.interval >= 1
