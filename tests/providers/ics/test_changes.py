"""What a reading of a feed says, and what it costs, when the feed changed, did not, or only looks as if."""

import json
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest

from calendar_sync.domain.providers import ChangePage, Cursor, Quarantine, RemoteCalendar, Snapshot, Upsert
from providers.ics.reading import Content, Reader
from simulators.ics.feeds import Coding, FaultKind, Validators
from simulators.ics.samples import SAMPLES
from tests.providers.contract import Reading
from tests.providers.ics.feeds import published
from tests.providers.loopback import HOST, a_transport, names


def says_nothing(reading: Reading) -> bool:
    return reading.pages == [ChangePage((), cursor=reading.cursor)]


async def test_a_feed_is_read_whole_with_what_lies_ahead_as_its_snapshot() -> None:
    async with published() as there:
        reading = await there.read()

    assert reading.uids == {"a", "b"}
    assert reading.snapshot is Snapshot.UPCOMING
    assert reading.requests == 1


async def test_a_feed_introduces_itself() -> None:
    async with published() as there:
        there.feed.properties |= {
            "NAME": "Team",
            "DESCRIPTION": "What we do",
            "X-WR-TIMEZONE": "Europe/Zurich",
            "X-APPLE-CALENDAR-COLOR": "#00FF00",
        }
        told = (await there.read()).pages[-1].calendar

    assert told is not None
    assert (told.remote_id, told.name, told.description) == ("feed", "Team", "What we do")
    assert (told.time_zone, told.is_read_only) == ("Europe/Zurich", True)
    assert told.color is not None


@pytest.mark.parametrize(
    ("ttl", "cache_control", "interval"),
    [
        (None, None, timedelta()),
        ("PT1H", None, timedelta(hours=1)),
        (None, "public, max-age=600", timedelta(minutes=10)),
        ("PT15M", "max-age=3600", timedelta(hours=1)),
        ("PT2H", "max-age=3600", timedelta(hours=2)),
        ("PT1H", "no-cache, max-age=7200", timedelta(hours=1)),
        ("P52W", None, timedelta(days=1)),
        (None, "max-age=0", timedelta()),
        (None, "s-maxage=600", timedelta()),
        ("soon", "max-age=soon", timedelta()),
    ],
)
async def test_a_feed_says_how_often_it_wants_to_be_asked(
    ttl: str | None, cache_control: str | None, interval: timedelta
) -> None:
    async with published() as there:
        there.feed.properties |= {"X-PUBLISHED-TTL": ttl} if ttl else {}
        there.feed.oddities.cache_control = cache_control
        told = (await there.read()).pages[-1].calendar

    assert told is not None
    assert told.poll_interval == interval


@pytest.mark.parametrize("validators", get_args(Validators))
@pytest.mark.parametrize("answers_304", [True, False])
async def test_an_unchanged_feed_says_nothing_whatever_it_offers_to_compare(
    validators: Validators, answers_304: bool
) -> None:
    async with published() as there:
        there.feed.oddities.change(validators=validators, answers_304=answers_304)
        first = await there.read()
        again = await there.read(first.cursor)
        once_more = await there.read(again.cursor)

    assert says_nothing(again)
    assert says_nothing(once_more)
    assert (again.requests, once_more.requests) == (1, 1)


async def test_a_feed_that_comes_again_byte_for_byte_is_not_even_parsed() -> None:
    class Once(Reader):
        async def read(self, raw: bytes, zone: str, known: str | None) -> Content:
            assert known is None, "only the first body needs reading"
            return await super().read(raw, zone, known)

    async with published(reader=Once()) as there:
        there.feed.oddities.validators = "none"
        first = await there.read()

        assert says_nothing(await there.read(first.cursor))


async def test_validators_are_sent_back_as_they_came() -> None:
    async with published() as there:
        first = await there.read()
        await there.read(first.cursor)

    asked = there.asked[1]
    assert asked.headers["if-none-match"] == f'"r{there.feed.revision}"'
    assert asked.headers["if-modified-since"].endswith("GMT")
    assert asked.status == 304


@pytest.mark.parametrize("oddity", ["restamps", "shuffles"])
async def test_a_feed_that_only_writes_itself_anew_says_nothing(oddity: str) -> None:
    async with published() as there:
        there.feed.put_lines("soon", SAMPLES["start-is-no-time"])
        there.feed.oddities.change(**{oddity: True}, validators="none")
        first = await there.read()
        again = await there.read(first.cursor)

    assert says_nothing(again)


@pytest.mark.parametrize("validators", get_args(Validators))
async def test_a_changed_feed_is_read_whole_again(validators: Validators) -> None:
    async with published() as there:
        there.feed.oddities.validators = validators
        first = await there.read()
        there.feed.remove("a")
        there.feed.put("c")
        then = await there.read(first.cursor)

    assert then.uids == {"b", "c"}
    assert then.snapshot is Snapshot.UPCOMING


async def test_a_feed_that_changes_its_name_alone_says_so() -> None:
    async with published() as there:
        first = await there.read()
        there.feed.properties["NAME"] = "Renamed"
        there.feed.touch()
        told = (await there.read(first.cursor)).pages[-1].calendar

    assert told is not None
    assert told.name == "Renamed"


async def test_a_large_feed_comes_in_pages_and_the_cursor_with_the_last() -> None:
    async with published() as there:
        start = datetime(2026, 2, 1, 9, 0, tzinfo=UTC)
        for number in range(2100):
            there.feed.put(f"m{number}", start=start + timedelta(hours=number))
        reading = await there.read()

    assert [len(page.changes) for page in reading.pages] == [1000, 1000, 102]
    assert [page.cursor is not None for page in reading.pages] == [False, False, True]
    assert [page.snapshot for page in reading.pages] == [Snapshot.NONE, Snapshot.NONE, Snapshot.UPCOMING]


async def test_an_empty_calendar_is_a_feed_with_nothing_ahead() -> None:
    async with published() as there:
        there.feed.events.clear()
        reading = await there.read()

    assert [len(page.changes) for page in reading.pages] == [0]
    assert reading.snapshot is Snapshot.UPCOMING


@pytest.mark.parametrize("coding", get_args(Coding))
async def test_a_feed_may_be_compressed(coding: Coding) -> None:
    async with published() as there:
        there.feed.oddities.coding = coding

        assert (await there.read()).uids == {"a", "b"}


@pytest.mark.parametrize(
    "oddities",
    [
        {"byte_order_mark": True},
        {"folds_inside_characters": True},
        {"byte_order_mark": True, "folds_inside_characters": True, "line_end": "\n"},
        {"line_end": "\n"},
        {"content_type": "application/octet-stream"},
        {"content_type": "text/html"},
        {"content_type": None},
        {"charset": "cp1252", "content_type": "text/calendar"},
    ],
)
async def test_a_feed_is_known_by_its_content_however_it_is_written(oddities: dict[str, object]) -> None:
    title = "Zürich — " + "é" * 80
    async with published() as there:
        there.feed.put("c", summary=title)
        there.feed.oddities.change(**oddities)
        reading = await there.read()

    titles = {change.event.details.title for change in reading.pages[0].changes if isinstance(change, Upsert)}
    assert title in titles


async def test_events_of_every_oddity_are_read_or_set_aside_one_by_one() -> None:
    async with published() as there:
        for uid, lines in SAMPLES.items():
            there.feed.put_lines(uid, lines)
        reading = await there.read()

    changes = {change.remote_id: change for page in reading.pages for change in page.changes}
    assert {uid.partition("/")[0] for uid in changes} >= {"a", "b", *SAMPLES}
    assert {uid for uid, change in changes.items() if isinstance(change, Quarantine)} >= {
        "no-start",
        "start-is-no-time",
    }


@pytest.mark.parametrize(
    "cursor", ["", "null", "[]", "{}", "not json", '{"reader": 0, "zone": "UTC", "content": "x"}', '{"surprise": 1}']
)
async def test_a_cursor_of_another_kind_leads_to_a_whole_reading(cursor: str) -> None:
    async with published() as there:
        reading = await there.read(Cursor(cursor))

    assert reading.uids == {"a", "b"}
    assert "if-none-match" not in there.asked[0].headers


async def test_the_default_zone_counts_until_the_feed_names_its_own() -> None:
    async with published() as there:
        there.feed.put_lines("floating", SAMPLES["floating"])
        there.feed.properties["X-WR-TIMEZONE"] = "Europe/Zurich"
        first = await there.read()
        there.calendar = first.pages[-1].calendar or there.calendar
        again = await there.read(first.cursor)

    assert there.calendar.time_zone == "Europe/Zurich"
    assert says_nothing(again)


async def test_a_feed_without_a_zone_is_read_anew_when_its_user_gives_it_one() -> None:
    async with published() as there:
        there.feed.put_lines("floating", SAMPLES["floating"])
        first = await there.read()
        there.calendar = RemoteCalendar("feed", time_zone="Asia/Tokyo")
        then = await there.read(first.cursor)

    assert then.uids == {"a", "b", "floating"}


# Feeds that moved


async def test_a_feed_that_moved_for_good_is_asked_at_its_new_place() -> None:
    async with published() as there:
        there.simulator.feed("new").put("a")
        there.feed.fail("redirect", status=301, location="/feeds/new.ics")
        first = await there.read()
        again = await there.read(first.cursor)

    assert [asked.path for asked in there.asked] == ["/feeds/team.ics", "/feeds/new.ics", "/feeds/new.ics"]
    assert says_nothing(again)
    assert again.requests == 1


async def test_a_feed_that_moved_for_a_while_is_asked_at_its_own_place() -> None:
    async with published() as there:
        there.simulator.feed("new").put("a")
        there.feed.fail("redirect", status=302, location="/feeds/new.ics")
        first = await there.read()
        await there.read(first.cursor)

    assert [asked.path for asked in there.asked] == ["/feeds/team.ics", "/feeds/new.ics"] * 2


@pytest.mark.parametrize("fault", ["html", "half", "empty", "status"])
async def test_a_feed_that_fails_where_it_moved_to_is_asked_at_its_old_place(fault: FaultKind) -> None:
    async with published() as there:
        new = there.simulator.feed("new")
        new.put("a")
        there.feed.fail("redirect", status=308, location="/feeds/new.ics")
        first = await there.read()
        there.feed.mend()
        new.fail(fault, status=404)
        then = await there.read(first.cursor)

    assert then.uids == {"a", "b"}
    assert "new.ics" not in then.cursor


async def test_the_place_a_feed_moved_to_cannot_be_read_from_its_cursor() -> None:
    async with published() as there:
        there.simulator.feed("new-secret").put("a")
        there.feed.fail("redirect", status=301, location="/feeds/new-secret.ics")
        cursor = (await there.read()).cursor

    assert json.loads(cursor)["moved_to"]
    assert "secret" not in cursor
    assert "127." not in cursor


# How feeds are asked


async def test_feeds_are_asked_by_name_for_calendars() -> None:
    async with published() as there:
        await there.read()

    headers = there.asked[0].headers
    assert headers["user-agent"].startswith("calendar-sync")
    assert headers["accept"].startswith("text/calendar")
    assert headers["accept-encoding"] == "gzip"


async def test_outlooks_feeds_are_asked_as_a_browser() -> None:
    transport = a_transport(resolve=names({"outlook.office365.com": [HOST]}))
    async with published(transport=transport) as there:
        there.feed.oddities.user_agent_required = "Mozilla/5.0"
        url = there.url.replace(HOST, "outlook.office365.com")

        assert (await there.read(url=url)).uids == {"a", "b"}
