"""The simulated feeds: their control interface, and that they are as odd as they are told to be."""

import gzip
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import httpx
import icalendar
import pytest

from simulators.ics.app import IcsSimulator
from simulators.ics.feeds import FaultKind, Feed, Oddities
from simulators.ics.writing import written
from simulators.server import serving


@pytest.fixture
def simulator() -> IcsSimulator:
    return IcsSimulator()


@pytest.fixture
async def client(simulator: IcsSimulator) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(simulator.app) as url, httpx.AsyncClient(base_url=url) as client:
        yield client


async def events(client: httpx.AsyncClient, path: str = "/feeds/team.ics") -> dict[str, str]:
    """Titles by UID, as an independent parser reads the feed."""
    calendar = icalendar.Calendar.from_ical((await client.get(path)).content)
    return {str(event["UID"]): str(event["SUMMARY"]) for event in calendar.walk("VEVENT")}


# The control interface


async def test_feeds_are_made_filled_changed_and_dropped_over_http(client: httpx.AsyncClient) -> None:
    control = "/_control/feeds/team"
    await client.put(control, json={"NAME": "Team"})
    await client.put(f"{control}/events/a", json={"summary": "Planning", "start": "2026-06-01T09:00:00"})
    await client.put(f"{control}/events/b", json={"summary": "Review", "start": "2026-06-02"})
    assert await events(client) == {"a": "Planning", "b": "Review"}

    await client.put(f"{control}/events/a", json={"summary": "Planning, moved", "start": "2026-06-03T09:00:00+00:00"})
    await client.delete(f"{control}/events/b")
    assert await events(client) == {"a": "Planning, moved"}

    assert (await client.get("/_control/feeds")).json() == {"team": str(client.base_url.join("/feeds/team.ics"))}
    await client.delete(control)
    assert (await client.get("/feeds/team.ics")).status_code == 404


async def test_events_may_be_given_as_content_lines(client: httpx.AsyncClient) -> None:
    await client.put("/_control/feeds/team", json={})
    lines = ["DTSTART:20260601T090000Z", "SUMMARY:As it is"]
    await client.put("/_control/feeds/team/events/a@example.com", json={"lines": lines})

    assert await events(client) == {"a@example.com": "As it is"}


async def test_oddities_and_faults_are_set_and_lifted_over_http(client: httpx.AsyncClient) -> None:
    control = "/_control/feeds/team"
    await client.put(control, json={})
    await client.patch(f"{control}/oddities", json={"cache_control": "max-age=60"})
    await client.put(f"{control}/fault", json={"kind": "status", "status": 503, "times": 1})

    statuses = [(await client.get("/feeds/team.ics")).status_code for _ in range(2)]
    await client.put(f"{control}/fault", json={"kind": "html"})
    await client.delete(f"{control}/fault")
    answer = await client.get("/feeds/team.ics")

    assert statuses == [503, 200]
    assert answer.text.startswith("BEGIN:VCALENDAR")
    assert answer.headers["cache-control"] == "max-age=60"


async def test_requests_are_remembered_until_they_are_forgotten(client: httpx.AsyncClient) -> None:
    await client.put("/_control/feeds/team", json={})
    await client.get("/feeds/team.ics", headers={"If-None-Match": '"x"'})

    (asked,) = (await client.get("/_control/requests")).json()
    await client.delete("/_control/requests")

    assert (asked["method"], asked["path"], asked["status"]) == ("GET", "/feeds/team.ics", 200)
    assert asked["headers"]["if-none-match"] == '"x"'
    assert (await client.get("/_control/requests")).json() == []


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("PUT", "/_control/feeds/none/events/a", {}, 404),
        ("DELETE", "/_control/feeds/none", None, 404),
        ("DELETE", "/_control/feeds/team/events/none", None, 404),
        ("PATCH", "/_control/feeds/team/oddities", {"unknown": 1}, 400),
        ("PUT", "/_control/feeds/team/fault", {"sort": "html"}, 400),
        ("PUT", "/_control/feeds/team/fault", [], 400),
    ],
)
async def test_wrong_commands_are_refused(
    simulator: IcsSimulator, client: httpx.AsyncClient, method: str, path: str, body: object, status: int
) -> None:
    simulator.feed("team")

    assert (await client.request(method, path, json=body)).status_code == status


# Writing


def test_times_are_written_as_dates_floating_in_utc_or_in_a_zone() -> None:
    feed = Feed("team")
    feed.put("all-day", start=date(2026, 6, 1))
    feed.put("floating", start=datetime(2026, 6, 1, 9, 0))  # noqa: DTZ001 - a floating time
    feed.put("utc", start=datetime(2026, 6, 1, 9, 0, tzinfo=UTC))
    feed.put("zoned", start=datetime(2026, 6, 1, 9, 0, tzinfo=ZoneInfo("Europe/Zurich")))

    text = written(feed).decode()

    for line in (
        "DTSTART;VALUE=DATE:20260601",
        "DTEND;VALUE=DATE:20260602",
        "DTSTART:20260601T090000",
        "DTSTART:20260601T090000Z",
        "DTSTART;TZID=Europe/Zurich:20260601T090000",
    ):
        assert f"\r\n{line}\r\n" in text


def test_long_lines_are_folded_between_characters_or_inside_them() -> None:
    feed = Feed("team")
    feed.put("a", summary="é" * 200)

    whole = written(feed)
    feed.oddities.folds_inside_characters = True
    cut = written(feed)

    assert max(map(len, whole.split(b"\r\n"))) <= 75
    assert whole.decode().replace("\r\n ", "") == cut.replace(b"\r\n ", b"").decode()
    with pytest.raises(UnicodeDecodeError):
        [line.decode() for line in cut.split(b"\r\n")]


def test_a_feed_may_stamp_itself_anew_every_time() -> None:
    feed = Feed("team", oddities=Oddities(restamps=True))
    feed.put("a")

    first = written(feed)
    feed.served += 1

    assert written(feed) != first


# Answering


async def test_an_unchanged_feed_answers_304_and_a_changed_one_does_not(
    simulator: IcsSimulator, client: httpx.AsyncClient
) -> None:
    feed = simulator.feed("team")
    first = await client.get("/feeds/team.ics")
    conditions = {"If-None-Match": first.headers["etag"], "If-Modified-Since": first.headers["last-modified"]}

    unchanged = await client.get("/feeds/team.ics", headers=conditions)
    feed.put("a")
    changed = await client.get("/feeds/team.ics", headers=conditions)

    assert (unchanged.status_code, changed.status_code) == (304, 200)
    assert changed.headers["last-modified"] != first.headers["last-modified"]


async def test_feeds_are_compressed_for_who_accepts_it(simulator: IcsSimulator, client: httpx.AsyncClient) -> None:
    simulator.feed("team")

    packed = await client.get("/feeds/team.ics", headers={"Accept-Encoding": "gzip"})
    plain = await client.get("/feeds/team.ics", headers={"Accept-Encoding": "identity"})

    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content


async def test_a_bomb_is_small_on_the_wire_and_a_gigabyte_unpacked(
    simulator: IcsSimulator, client: httpx.AsyncClient
) -> None:
    simulator.feed("team").fail("bomb")

    async with client.stream("GET", "/feeds/team.ics") as answer:
        raw = b"".join([chunk async for chunk in answer.aiter_raw()])

    member = raw[: len(raw) // 1024]
    assert len(raw) < 2_000_000
    assert raw == member * 1024
    assert len(gzip.decompress(member)) == 1024 * 1024


async def test_a_redirect_leads_where_it_is_told(simulator: IcsSimulator, client: httpx.AsyncClient) -> None:
    simulator.feed("team").fail("redirect", status=301, location="https://elsewhere.example/")

    answer = await client.get("/feeds/team.ics")

    assert (answer.status_code, answer.headers["location"]) == (301, "https://elsewhere.example/")


@pytest.mark.parametrize("kind", ["reset", "wrong length", "announced too large"])
async def test_a_connection_is_cut_before_its_answer_is_whole(
    simulator: IcsSimulator, client: httpx.AsyncClient, kind: FaultKind
) -> None:
    feed = simulator.feed("team")
    feed.put("a")
    feed.fail(kind)

    with pytest.raises(httpx.HTTPError):
        await client.get("/feeds/team.ics")
