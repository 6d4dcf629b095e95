"""Recurrence rules of every kind, made up by Hypothesis as parts."""

from datetime import date, datetime, time

from hypothesis import strategies as st

from tests.recurrence.definition import FREQUENCIES, WEEKDAYS

FEW = {"min_size": 1, "max_size": 4, "unique": True}


def rule_text(parts: dict[str, str]) -> str:
    return ";".join(f"{name}={value}" for name, value in parts.items())


def _list(values: st.SearchStrategy[int], most: int = 4) -> st.SearchStrategy[str]:
    return st.lists(values, min_size=1, max_size=most, unique=True).map(lambda numbers: ",".join(map(str, numbers)))


def _signed(most: int) -> st.SearchStrategy[int]:
    # Small numbers and the last ones are where rules meet the edges of their periods.
    near = st.sampled_from([1, 2, 3, -1, -2, -3, most, -most])
    return near | st.integers(1, most) | st.integers(-most, -1)


def _weekdays(*, numbered: bool) -> st.SearchStrategy[str]:
    names = st.sampled_from(WEEKDAYS)
    if numbered:
        names |= st.builds(lambda nth, name: f"{nth}{name}", _signed(5) | _signed(53), st.sampled_from(WEEKDAYS))
    return st.lists(names, min_size=1, max_size=4, unique=True).map(",".join)


DAY_PARTS = {
    "BYMONTH": _list(st.integers(1, 12)),
    "BYMONTHDAY": _list(_signed(31)),
    "BYYEARDAY": _list(_signed(366), most=12),
    "BYWEEKNO": _list(_signed(53)),
}
CLOCK_PARTS = {
    "BYHOUR": _list(st.integers(0, 23), most=3),
    "BYMINUTE": _list(st.integers(0, 59), most=3),
    "BYSECOND": _list(st.integers(0, 59), most=3),
}


@st.composite
def rules(
    draw: st.DrawFn, frequencies: tuple[str, ...] = FREQUENCIES, *, counted: bool | None = None
) -> dict[str, str]:
    """Parts of a rule; legal ones, and those that RFC 5545 forbids but whose meaning is plain.

    `counted` says whether there is a COUNT, `None` that there may be.
    """
    frequency = draw(st.sampled_from(frequencies))
    parts = {"FREQ": frequency}
    numbered = frequency in ("YEARLY", "MONTHLY")
    weekdays = _weekdays(numbered=numbered)
    optional = {**DAY_PARTS, **CLOCK_PARTS, "BYDAY": weekdays, "BYSETPOS": _list(_signed(8), most=3)}
    for name in draw(st.lists(st.sampled_from(sorted(optional)), max_size=3, unique=True)):
        parts[name] = draw(optional[name])
    if numbered and "BYWEEKNO" in parts and "BYDAY" in parts:
        # "MUST NOT be specified with a numeric value … when BYWEEKNO is specified": nothing says what it would mean.
        parts["BYDAY"] = draw(_weekdays(numbered=False))
    if draw(st.booleans()):
        parts["INTERVAL"] = str(draw(st.integers(1, 7)))
    if draw(st.booleans()):
        parts["WKST"] = draw(st.sampled_from(WEEKDAYS))
    if draw(st.sampled_from([True, False, False])) if counted is None else counted:
        parts["COUNT"] = str(draw(st.integers(1, 20)))
    return parts


def moments(first_year: int = 1996, last_year: int = 2030) -> st.SearchStrategy[datetime]:
    """Whole seconds, often at the ends of years and months."""
    anywhere = st.dates(date(first_year, 1, 1), date(last_year, 12, 31))
    edges = st.builds(
        lambda year, day: date(year, *day),
        st.integers(first_year, last_year),
        st.sampled_from([(1, 1), (1, 3), (2, 28), (3, 1), (10, 31), (12, 29), (12, 31)]),
    )
    clocks = st.builds(time, st.integers(0, 23), st.integers(0, 59), st.sampled_from([0, 0, 1, 30, 59]))
    return st.builds(datetime.combine, anywhere | edges, clocks)
