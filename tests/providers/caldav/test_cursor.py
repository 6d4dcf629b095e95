"""Cursors come back as they were written; what is no cursor of ours leads to a whole reading."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calendar_sync.domain.errors import CursorExpired
from calendar_sync.domain.providers import Cursor
from providers.caldav.cursor import Position, read_cursor, write_cursor

texts = st.text(max_size=30)
positions = st.one_of(
    st.builds(Position, st.none() | texts, texts, withheld=st.dictionaries(texts, texts, max_size=2)),
    st.builds(Position, st.none() | texts, etags=st.dictionaries(texts, st.none() | texts, max_size=5)),
)


@given(positions)
def test_a_position_comes_back_as_it_was(position: Position) -> None:
    assert read_cursor(write_cursor(position)) == position


@pytest.mark.parametrize("text", ["", "null", "[]", "{}", '"token"', '{"f":0,"v":null,"t":"x"}', '{"f":1}', "\ud800"])
def test_what_nobody_wrote_has_expired(text: str) -> None:
    with pytest.raises(CursorExpired):
        read_cursor(Cursor(text))


def test_a_calendar_is_unchanged_while_it_is_listed_as_before_or_as_the_reading_left_it() -> None:
    position = Position("v1", "t2")

    assert position.is_at("v1")
    assert position.is_at("t2")
    assert not position.is_at("v3")


def test_a_calendar_that_tells_no_version_may_always_have_changed() -> None:
    assert not Position(None).is_at(None)
    assert not Position(None, "t").is_at(None)
