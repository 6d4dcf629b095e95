"""What is kept of every meeting between two readings."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calendar_sync.domain.errors import CursorExpired
from calendar_sync.domain.providers import Cursor
from providers.zoom.cursor import Known, read_cursor, seconds, write_cursor
from providers.zoom.listing import hosted_rows

known = st.builds(Known, st.text(max_size=9), st.integers(0, 2**40), st.integers(0, 2**32))


@given(st.dictionaries(st.from_regex(r"\d{9,19}(/\d{13})?", fullmatch=True), known))
def test_what_is_written_is_read(meetings: dict[str, Known]) -> None:
    assert read_cursor(write_cursor(meetings)) == meetings


def test_the_order_of_a_list_makes_no_difference() -> None:
    one, other = Known("a", 1), Known("b", 2, 3)
    assert write_cursor({"1": one, "2": other}) == write_cursor({"2": other, "1": one})


def test_ten_thousand_meetings_take_less_than_500_kilobytes() -> None:
    now = seconds(datetime(2026, 3, 2, tzinfo=UTC))
    rows = hosted_rows([{"id": 97_763_643_886 + each, "type": 8, "topic": f"No. {each}"} for each in range(10_000)])
    cursor = write_cursor({name: Known(row.fingerprint, now, now) for name, row in rows.items()})
    assert len(cursor) < 500_000


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "[]", "{}", '{"f":0,"m":{}}', '{"f":1,"m":7}', '{"f":1,"m":{"1":[]}}', '{"f":1,"m":{"1":["a"]}}'],
)
def test_a_cursor_that_is_not_of_this_version_or_garbled_has_expired(cursor: str) -> None:
    with pytest.raises(CursorExpired):
        read_cursor(Cursor(cursor))


def test_what_is_ahead_is_not_over() -> None:
    now = datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert Known("a", seconds(now + timedelta(minutes=1))).is_ahead(now)
    assert not Known("a", seconds(now)).is_ahead(now)
