from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given, settings
from hypothesis import strategies as st

from calendar_sync.domain.errors import Invalid
from calendar_sync.web.json_body import read_values
from calendar_sync.web.shapes import EventQuery

quickly = settings(max_examples=50, deadline=None)

NAMES = st.sampled_from(sorted(EventQuery.model_fields))
WORDS = st.text() | st.from_regex(
    r"\d{1,4}-\d\d?-\d\d?([Tt ]\d\d?(:\d\d?){0,2}([Zz]|[+ -]\d\d:\d\d)?)?", fullmatch=True
)
OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=OFFSETS)  # noqa: DTZ001 - zones are drawn


def refused_field(query: dict[str, str]) -> str | None:
    """The field that is named as wrong; `None` where all of it is understood."""
    try:
        wanted = read_values({**query}, EventQuery).wanted()
    except Invalid as refusal:
        return refusal.field
    moments = [moment for moment in (wanted.starts_after, wanted.starts_before) if moment is not None]
    assert all(moment.tzinfo is UTC for moment in moments)
    return None


@quickly
@given(st.dictionaries(NAMES, WORDS))
def test_whatever_is_asked_for_is_understood_or_refused_by_name(query: dict[str, str]) -> None:
    assert refused_field(query) in {None, *query}


@quickly
@given(MOMENTS)
def test_a_moment_keeps_its_meaning_in_every_offset(moment: datetime) -> None:
    text = moment.isoformat()

    for spelling in (text, text.replace("T", "t"), text.replace("+", " ")):
        read = read_values({"start_after": spelling}, EventQuery).start_after
        assert read == moment
        assert read is not None
        assert read.tzinfo is UTC
