"""Our rules agree with python-dateutil, over decades, wherever python-dateutil is right."""

from datetime import datetime, timedelta

from dateutil.rrule import rrulestr
from hypothesis import HealthCheck, assume, given, settings

from tests.recurrence.builders import clock_starts
from tests.recurrence.definition import FREQUENCIES
from tests.recurrence.rules import moments, rule_text, rules

HORIZON = timedelta(days=8 * 365)


WEEKS_AT_THE_TURN_OF_THE_YEAR = {"1", "52", "53", "-1", "-52", "-53"}


def dateutil_errs(parts: dict[str, str]) -> bool:
    """See `test_where_dateutil_errs`. A DTSTART that the rule does not make is dealt with below."""
    days = parts["BYDAY"].split(",") if "BYDAY" in parts else []
    numbers = [int(day[:-2] or 0) for day in days]
    mixes_days = any(numbers) and not all(numbers)
    too_far = any(abs(number) > 5 for number in numbers)  # "8MO" of a month ends dateutil with an IndexError
    picks_in_weeks = parts["FREQ"] == "WEEKLY" and "BYSETPOS" in parts
    weeks_alone = "BYWEEKNO" in parts and {"BYDAY", "BYMONTHDAY", "BYYEARDAY"}.isdisjoint(parts)
    weeks_lost = not WEEKS_AT_THE_TURN_OF_THE_YEAR.isdisjoint(parts.get("BYWEEKNO", "").split(","))
    return mixes_days or too_far or picks_in_weeks or weeks_alone or weeks_lost


@given(parts=rules(FREQUENCIES[:4]).filter(lambda parts: not dateutil_errs(parts)), start=moments())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
def test_a_rule_makes_the_same_starts_over_decades(parts: dict[str, str], start: datetime) -> None:
    end = start + HORIZON

    made = clock_starts(start, rule_text(parts), start, end)

    assume(len(made) > 2)  # or dateutil looks for more until the year 9999
    theirs = rrulestr(rule_text(parts), dtstart=start)
    if start in theirs:
        assert made == theirs.between(start, end - timedelta(seconds=1), inc=True)
    else:
        following = theirs.between(start, end - timedelta(seconds=1), inc=True)
        assert made == [start, *following][: int(parts.get("COUNT", 10**9))]
