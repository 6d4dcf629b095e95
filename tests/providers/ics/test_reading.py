"""Feeds are read away from the event loop, within a time limit, and compared by what they mean."""

from time import thread_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calendar_sync.domain.errors import BadResponse
from providers.ics.position import Position, Seal
from providers.ics.reading import Content, Reader, read_content
from simulators.ics.feeds import Feed
from simulators.ics.writing import written


def a_feed(events: int, titles: str = "Meeting") -> bytes:
    feed = Feed("large")
    for number in range(events):
        feed.put(f"m{number}", summary=f"{titles} {number}")
    return written(feed)


async def test_a_large_feed_takes_no_time_of_the_event_loop() -> None:
    raw = a_feed(1500)
    before = thread_time()
    read_content(raw, "UTC", None)
    read_here = thread_time() - before

    before = thread_time()
    content = await Reader().read(raw, "UTC", None)
    read_elsewhere = thread_time() - before

    assert [len(page) for page in content.pages()] == [1000, 500]
    assert read_elsewhere < read_here / 2


async def test_a_feed_of_a_known_meaning_is_not_handed_back() -> None:
    reader, raw = Reader(), a_feed(3)
    first = await reader.read(raw, "UTC", None)
    again = await reader.read(raw, "UTC", first.digest)

    assert first.calendar is not None
    assert again == Content(first.digest)


@pytest.mark.parametrize("events", [3, 1500])
async def test_what_is_wrong_with_a_feed_is_told_from_wherever_it_was_read(events: int) -> None:
    with pytest.raises(BadResponse, match="breaks off"):
        await Reader().read(a_feed(events)[:-20], "UTC", None)


@pytest.mark.parametrize("events", [3, 1500])
async def test_a_reading_that_takes_too_long_is_ended_and_the_next_goes_on(events: int) -> None:
    with pytest.raises(BadResponse, match="too long"):
        await Reader(seconds=0.0).read(a_feed(events), "UTC", None)

    assert (await Reader().read(a_feed(events), "UTC", None)).packed


def test_a_feed_means_something_else_when_a_title_changes() -> None:
    assert read_content(a_feed(3), "UTC", None).digest != read_content(a_feed(3, "Party"), "UTC", None).digest


@given(st.permutations([f"m{number}" for number in range(5)]))
def test_the_order_of_events_means_nothing(uids: list[str]) -> None:
    ordered, shuffled = Feed("one"), Feed("two")
    for uid in sorted(uids):
        ordered.put(uid)
    for uid in uids:
        shuffled.put(uid)

    assert read_content(written(ordered), "UTC", None).digest == read_content(written(shuffled), "UTC", None).digest


@given(
    st.builds(
        Position,
        zone=st.just("UTC"),
        etag=st.none() | st.text(),
        last_modified=st.none() | st.text(),
        body=st.none() | st.text(),
        content=st.none() | st.text(),
        moved_to=st.none() | st.text(),
    )
)
def test_a_position_comes_back_from_its_cursor_as_it_was(position: Position) -> None:
    assert Position.of(position.cursor, "UTC") == position


@given(st.text(min_size=1), st.text(min_size=1), st.text())
def test_a_seal_opens_for_the_address_it_was_made_of_and_no_other(url: str, other: str, moved_to: str) -> None:
    sealed = Seal(url).close(moved_to)

    assert Seal(url).open(sealed) == moved_to
    assert Seal(other).open(sealed) == (moved_to if other == url else None)
