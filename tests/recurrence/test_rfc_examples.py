"""The examples of RFC 5545 §3.8.5.3, all in New York, where the clocks change in between.

One is mended: "every 3 hours from 9:00 AM to 5:00 PM" gives UNTIL in UTC as if it were New York's time (erratum).
"""

from datetime import datetime
from typing import NamedTuple

import pytest

from calendar_sync.recurrence import expand
from tests.recurrence.builders import UNBOUNDED, series, time, wall, window


class Example(NamedTuple):
    """`shown` are the first starts, by month; `ends` says whether there are no more."""

    start: str
    rule: str
    shown: dict[str, list[int]]
    ends: bool = False
    exception: str | None = None


SEPTEMBER_2 = "1997-09-02T09:00"
WEEKDAYS = "MO,TU,WE,TH,FR"
JANUARY = list(range(1, 32))

EXAMPLES = {
    "daily for 10 occurrences": Example(
        SEPTEMBER_2, "FREQ=DAILY;COUNT=10", {"1997-09": [2, 3, 4, 5, 6, 7, 8, 9, 10, 11]}, ends=True
    ),
    "daily until December 24, 1997": Example(
        SEPTEMBER_2,
        "FREQ=DAILY;UNTIL=19971224T000000Z",
        {
            "1997-09": list(range(2, 31)),
            "1997-10": list(range(1, 32)),
            "1997-11": list(range(1, 31)),
            "1997-12": list(range(1, 24)),
        },
        ends=True,
    ),
    "every other day": Example(
        SEPTEMBER_2, "FREQ=DAILY;INTERVAL=2", {"1997-09": list(range(2, 31, 2)), "1997-10": [2]}
    ),
    "every 10 days, 5 occurrences": Example(
        SEPTEMBER_2, "FREQ=DAILY;INTERVAL=10;COUNT=5", {"1997-09": [2, 12, 22], "1997-10": [2, 12]}, ends=True
    ),
    "every day in January, for 3 years, yearly": Example(
        "1998-01-01T09:00",
        "FREQ=YEARLY;UNTIL=20000131T140000Z;BYMONTH=1;BYDAY=SU,MO,TU,WE,TH,FR,SA",
        {"1998-01": JANUARY, "1999-01": JANUARY, "2000-01": JANUARY},
        ends=True,
    ),
    "every day in January, for 3 years, daily": Example(
        "1998-01-01T09:00",
        "FREQ=DAILY;UNTIL=20000131T140000Z;BYMONTH=1",
        {"1998-01": JANUARY, "1999-01": JANUARY, "2000-01": JANUARY},
        ends=True,
    ),
    "weekly for 10 occurrences": Example(
        SEPTEMBER_2,
        "FREQ=WEEKLY;COUNT=10",
        {"1997-09": [2, 9, 16, 23, 30], "1997-10": [7, 14, 21, 28], "1997-11": [4]},
        ends=True,
    ),
    "weekly until December 24, 1997": Example(
        SEPTEMBER_2,
        "FREQ=WEEKLY;UNTIL=19971224T000000Z",
        {
            "1997-09": [2, 9, 16, 23, 30],
            "1997-10": [7, 14, 21, 28],
            "1997-11": [4, 11, 18, 25],
            "1997-12": [2, 9, 16, 23],
        },
        ends=True,
    ),
    "every other week": Example(
        SEPTEMBER_2,
        "FREQ=WEEKLY;INTERVAL=2;WKST=SU",
        {"1997-09": [2, 16, 30], "1997-10": [14, 28], "1997-11": [11, 25], "1997-12": [9, 23], "1998-01": [6, 20]},
    ),
    "weekly on Tuesday and Thursday for five weeks, until": Example(
        SEPTEMBER_2,
        "FREQ=WEEKLY;UNTIL=19971007T000000Z;WKST=SU;BYDAY=TU,TH",
        {"1997-09": [2, 4, 9, 11, 16, 18, 23, 25, 30], "1997-10": [2]},
        ends=True,
    ),
    "weekly on Tuesday and Thursday for five weeks, counted": Example(
        SEPTEMBER_2,
        "FREQ=WEEKLY;COUNT=10;WKST=SU;BYDAY=TU,TH",
        {"1997-09": [2, 4, 9, 11, 16, 18, 23, 25, 30], "1997-10": [2]},
        ends=True,
    ),
    "every other week on Monday, Wednesday and Friday until December 24, 1997": Example(
        "1997-09-01T09:00",
        "FREQ=WEEKLY;INTERVAL=2;UNTIL=19971224T000000Z;WKST=SU;BYDAY=MO,WE,FR",
        {
            "1997-09": [1, 3, 5, 15, 17, 19, 29],
            "1997-10": [1, 3, 13, 15, 17, 27, 29, 31],
            "1997-11": [10, 12, 14, 24, 26, 28],
            "1997-12": [8, 10, 12, 22],
        },
        ends=True,
    ),
    "every other week on Tuesday and Thursday, for 8 occurrences": Example(
        SEPTEMBER_2,
        "FREQ=WEEKLY;INTERVAL=2;COUNT=8;WKST=SU;BYDAY=TU,TH",
        {"1997-09": [2, 4, 16, 18, 30], "1997-10": [2, 14, 16]},
        ends=True,
    ),
    "monthly on the first Friday for 10 occurrences": Example(
        "1997-09-05T09:00",
        "FREQ=MONTHLY;COUNT=10;BYDAY=1FR",
        {
            "1997-09": [5],
            "1997-10": [3],
            "1997-11": [7],
            "1997-12": [5],
            "1998-01": [2],
            "1998-02": [6],
            "1998-03": [6],
            "1998-04": [3],
            "1998-05": [1],
            "1998-06": [5],
        },
        ends=True,
    ),
    "monthly on the first Friday until December 24, 1997": Example(
        "1997-09-05T09:00",
        "FREQ=MONTHLY;UNTIL=19971224T000000Z;BYDAY=1FR",
        {"1997-09": [5], "1997-10": [3], "1997-11": [7], "1997-12": [5]},
        ends=True,
    ),
    "every other month on the first and last Sunday for 10 occurrences": Example(
        "1997-09-07T09:00",
        "FREQ=MONTHLY;INTERVAL=2;COUNT=10;BYDAY=1SU,-1SU",
        {"1997-09": [7, 28], "1997-11": [2, 30], "1998-01": [4, 25], "1998-03": [1, 29], "1998-05": [3, 31]},
        ends=True,
    ),
    "monthly on the second-to-last Monday for 6 months": Example(
        "1997-09-22T09:00",
        "FREQ=MONTHLY;COUNT=6;BYDAY=-2MO",
        {"1997-09": [22], "1997-10": [20], "1997-11": [17], "1997-12": [22], "1998-01": [19], "1998-02": [16]},
        ends=True,
    ),
    "monthly on the third-to-the-last day of the month": Example(
        "1997-09-28T09:00",
        "FREQ=MONTHLY;BYMONTHDAY=-3",
        {"1997-09": [28], "1997-10": [29], "1997-11": [28], "1997-12": [29], "1998-01": [29], "1998-02": [26]},
    ),
    "monthly on the 2nd and 15th for 10 occurrences": Example(
        SEPTEMBER_2,
        "FREQ=MONTHLY;COUNT=10;BYMONTHDAY=2,15",
        {"1997-09": [2, 15], "1997-10": [2, 15], "1997-11": [2, 15], "1997-12": [2, 15], "1998-01": [2, 15]},
        ends=True,
    ),
    "monthly on the first and last day for 10 occurrences": Example(
        "1997-09-30T09:00",
        "FREQ=MONTHLY;COUNT=10;BYMONTHDAY=1,-1",
        {
            "1997-09": [30],
            "1997-10": [1, 31],
            "1997-11": [1, 30],
            "1997-12": [1, 31],
            "1998-01": [1, 31],
            "1998-02": [1],
        },
        ends=True,
    ),
    "every 18 months on the 10th thru 15th for 10 occurrences": Example(
        "1997-09-10T09:00",
        "FREQ=MONTHLY;INTERVAL=18;COUNT=10;BYMONTHDAY=10,11,12,13,14,15",
        {"1997-09": [10, 11, 12, 13, 14, 15], "1999-03": [10, 11, 12, 13]},
        ends=True,
    ),
    "every Tuesday, every other month": Example(
        SEPTEMBER_2,
        "FREQ=MONTHLY;INTERVAL=2;BYDAY=TU",
        {
            "1997-09": [2, 9, 16, 23, 30],
            "1997-11": [4, 11, 18, 25],
            "1998-01": [6, 13, 20, 27],
            "1998-03": [3, 10, 17, 24, 31],
        },
    ),
    "yearly in June and July for 10 occurrences": Example(
        "1997-06-10T09:00",
        "FREQ=YEARLY;COUNT=10;BYMONTH=6,7",
        {f"{year}-{month}": [10] for year in range(1997, 2002) for month in ("06", "07")},
        ends=True,
    ),
    "every other year in January, February and March for 10 occurrences": Example(
        "1997-03-10T09:00",
        "FREQ=YEARLY;INTERVAL=2;COUNT=10;BYMONTH=1,2,3",
        {"1997-03": [10], **{f"{year}-{month}": [10] for year in (1999, 2001, 2003) for month in ("01", "02", "03")}},
        ends=True,
    ),
    "every third year on the 1st, 100th and 200th day for 10 occurrences": Example(
        "1997-01-01T09:00",
        "FREQ=YEARLY;INTERVAL=3;COUNT=10;BYYEARDAY=1,100,200",
        {
            "1997-01": [1],
            "1997-04": [10],
            "1997-07": [19],
            "2000-01": [1],
            "2000-04": [9],
            "2000-07": [18],
            "2003-01": [1],
            "2003-04": [10],
            "2003-07": [19],
            "2006-01": [1],
        },
        ends=True,
    ),
    "every 20th Monday of the year": Example(
        "1997-05-19T09:00", "FREQ=YEARLY;BYDAY=20MO", {"1997-05": [19], "1998-05": [18], "1999-05": [17]}
    ),
    "Monday of week number 20": Example(
        "1997-05-12T09:00", "FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", {"1997-05": [12], "1998-05": [11], "1999-05": [17]}
    ),
    "every Thursday in March": Example(
        "1997-03-13T09:00",
        "FREQ=YEARLY;BYMONTH=3;BYDAY=TH",
        {"1997-03": [13, 20, 27], "1998-03": [5, 12, 19, 26], "1999-03": [4, 11, 18, 25]},
    ),
    "every Thursday, but only during June, July and August": Example(
        "1997-06-05T09:00",
        "FREQ=YEARLY;BYDAY=TH;BYMONTH=6,7,8",
        {
            "1997-06": [5, 12, 19, 26],
            "1997-07": [3, 10, 17, 24, 31],
            "1997-08": [7, 14, 21, 28],
            "1998-06": [4, 11, 18, 25],
            "1998-07": [2, 9, 16, 23, 30],
            "1998-08": [6, 13, 20, 27],
        },
    ),
    "every Friday the 13th": Example(
        SEPTEMBER_2,
        "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13",
        {"1998-02": [13], "1998-03": [13], "1998-11": [13], "1999-08": [13], "2000-10": [13]},
        exception=SEPTEMBER_2,
    ),
    "the first Saturday that follows the first Sunday of the month": Example(
        "1997-09-13T09:00",
        "FREQ=MONTHLY;BYDAY=SA;BYMONTHDAY=7,8,9,10,11,12,13",
        {"1997-09": [13], "1997-10": [11], "1997-11": [8], "1997-12": [13], "1998-01": [10], "1998-02": [7]},
    ),
    "U.S. Presidential Election day": Example(
        "1996-11-05T09:00",
        "FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8",
        {"1996-11": [5], "2000-11": [7], "2004-11": [2]},
    ),
    "the third Tuesday, Wednesday or Thursday, for the next 3 months": Example(
        "1997-09-04T09:00",
        "FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3",
        {"1997-09": [4], "1997-10": [7], "1997-11": [6]},
        ends=True,
    ),
    "the second-to-last weekday of the month": Example(
        "1997-09-29T09:00",
        f"FREQ=MONTHLY;BYDAY={WEEKDAYS};BYSETPOS=-2",
        {"1997-09": [29], "1997-10": [30], "1997-11": [27], "1997-12": [30], "1998-01": [29], "1998-02": [26]},
    ),
    "weeks that start on Monday": Example(
        "1997-08-05T09:00",
        "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO",
        {"1997-08": [5, 10, 19, 24]},
        ends=True,
    ),
    "weeks that start on Sunday": Example(
        "1997-08-05T09:00",
        "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU",
        {"1997-08": [5, 17, 19, 31]},
        ends=True,
    ),
    "an invalid date (February 30) is ignored": Example(
        "2007-01-15T09:00",
        "FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5",
        {"2007-01": [15, 30], "2007-02": [15], "2007-03": [15, 30]},
        ends=True,
    ),
}


def shown_starts(start: str, rule: str, exception: str | None = None, *, until: str = "2010-01-01") -> list[datetime]:
    """As New York's clocks show them."""
    event = series(time(start, zone="America/New_York"), rule, exceptions=[exception] if exception else [])
    expansion = expand(event, window("1990-01-01", until), limits=UNBOUNDED)
    return [instance.time.start for instance in expansion.instances]


@pytest.mark.parametrize("name", EXAMPLES)
def test_days(name: str) -> None:
    example = EXAMPLES[name]
    expected = [wall(f"{month}-{day:02}T{example.start[11:]}") for month, days in example.shown.items() for day in days]

    made = shown_starts(example.start, example.rule, example.exception)

    assert made[: len(expected)] == expected
    assert (len(made) == len(expected)) is example.ends


CLOCK_EXAMPLES = {
    "every 3 hours from 9:00 AM to 5:00 PM": ("FREQ=HOURLY;INTERVAL=3;UNTIL=19970902T210000Z", "09:00 12:00 15:00"),
    "every 15 minutes for 6 occurrences": (
        "FREQ=MINUTELY;INTERVAL=15;COUNT=6",
        "09:00 09:15 09:30 09:45 10:00 10:15",
    ),
    "every hour and a half for 4 occurrences": ("FREQ=MINUTELY;INTERVAL=90;COUNT=4", "09:00 10:30 12:00 13:30"),
}


@pytest.mark.parametrize("name", CLOCK_EXAMPLES)
def test_times(name: str) -> None:
    rule, times = CLOCK_EXAMPLES[name]

    assert [f"{start:%H:%M}" for start in shown_starts(SEPTEMBER_2, rule)] == times.split()


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY;BYHOUR=9,10,11,12,13,14,15,16;BYMINUTE=0,20,40",
        "FREQ=MINUTELY;INTERVAL=20;BYHOUR=9,10,11,12,13,14,15,16",
    ],
)
def test_every_20_minutes_from_9_00_to_16_40_every_day(rule: str) -> None:
    of_a_day = [f"{hour:02}:{minute:02}" for hour in range(9, 17) for minute in (0, 20, 40)]

    made = shown_starts(SEPTEMBER_2, rule, until="1997-09-04")

    assert [f"{start:%d %H:%M}" for start in made] == [f"{day} {at}" for day in ("02", "03") for at in of_a_day]
