"""A feed as calendar programs read it: an address without credentials, and HTTP's ways not to read it again."""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx
import icalendar
import pytest

from calendar_sync.export.writing import FeedWriter
from calendar_sync.store.tables import change_sequences, changes, events, export_feeds
from calendar_sync.web import authentication
from calendar_sync.web.logs import configure_logging
from tests.web.door import SYNC, TOMORROW, Door, a_door, code_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

CREATE = """
mutation ($input: CreateExportFeedInput!) {
  createExportFeed(input: $input) { ... on ExportFeedCreated { url feed { id } } }
}
"""
REVOKE = "mutation ($id: ID!) { revokeExportFeed(id: $id) { __typename } }"
UNKNOWN = f"/calendars/csf_{'A' * 43}.ics"


@dataclass(frozen=True)
class Exported:
    """A feed of a user who has a calendar with one event, and how to read it."""

    door: Door
    key: str
    id: str
    path: str

    async def get(self, headers: Mapping[str, str] | None = None, *, method: str = "GET") -> httpx.Response:
        async with self.door.asking() as anybody:
            return await anybody.request(method, self.path, headers=headers)


async def exported(door: Door, *, title: str = "Stand-up", name: str = "Everything") -> Exported:
    key, feed = await door.key(), door.feed()
    feed.put("a", start=TOMORROW, summary=title)
    async with door.asking(key) as client:
        await door.connect(client, feed)
        await client.post(SYNC)
        answer = await client.post("/graphql", json={"query": CREATE, "variables": {"input": {"name": name}}})
    created = answer.json()["data"]["createExportFeed"]
    return Exported(door, key, created["feed"]["id"], created["url"].removeprefix("http://127.0.0.1:8000"))


async def long_ago(door: Door) -> None:
    """As if everything had happened two hours before."""
    columns = [events.c.updated_at, events.c.created_at, changes.c.at, change_sequences.c.compacted_at]
    columns.append(export_feeds.c.created_at)
    async with door.services.database.begin() as tx:
        for column in columns:
            await tx.connection.execute(
                column.table.update().values({column.name: datetime.now(UTC) - timedelta(hours=2)})
            )


async def test_it_is_a_calendar_for_whoever_has_the_address(door: Door) -> None:
    answer = await (await exported(door, name="Ada's Übersicht")).get()

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert answer.headers["content-disposition"] == (
        "inline; filename=\"calendar.ics\"; filename*=UTF-8''Ada%27s%20%C3%9Cbersicht.ics"
    )
    assert answer.headers["cache-control"] == "private, no-cache"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert [str(one["SUMMARY"]) for one in icalendar.Calendar.from_ical(answer.content).walk("VEVENT")] == ["Stand-up"]
    assert {"set-cookie", "access-control-allow-origin"}.isdisjoint(answer.headers)


@pytest.mark.parametrize("path", [UNKNOWN, "/calendars/x.ics", "/calendars/csf_%00.ics", "/calendars/%C3%BC.ics"])
async def test_where_there_is_no_calendar_nothing_is_said_of_it(door: Door, path: str) -> None:
    async with door.asking(await door.key()) as client:
        answer = await client.get(path)

    assert (answer.status_code, code_of(answer)) == (404, "EXPORT_FEED_NOT_FOUND")


async def test_a_revoked_address_is_as_one_that_never_was(door: Door) -> None:
    feed = await exported(door)
    async with door.asking(feed.key) as client:
        await client.post("/graphql", json={"query": REVOKE, "variables": {"id": feed.id}})

    answer = await feed.get()

    async with door.asking() as anybody:
        never = await anybody.get(UNKNOWN)
    assert answer.status_code == 404
    assert answer.json()["error"]["message"] == never.json()["error"]["message"]


async def test_head_says_what_get_would_without_writing_it(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    feed = await exported(door)
    whole = await feed.get()
    monkeypatch.setattr(FeedWriter, "write", None)

    head = await feed.get(method="HEAD")

    assert (head.status_code, head.content) == (200, b"")
    assert {name: head.headers[name] for name in ("etag", "content-type")} == {
        name: whole.headers[name] for name in ("etag", "content-type")
    }


async def test_who_has_it_is_told_so_and_nothing_is_written(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    feed = await exported(door)
    await long_ago(door)
    tag = (first := await feed.get()).headers["etag"]
    monkeypatch.setattr(FeedWriter, "write", None)

    for condition in (
        {"if-none-match": tag},
        {"if-none-match": f'"other", W/{tag}'},
        {"if-none-match": "*"},
        {"if-modified-since": first.headers["last-modified"]},
    ):
        answer = await feed.get(condition)
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag), condition


async def test_who_has_something_older_is_given_what_is_new(door: Door) -> None:
    feed = await exported(door)
    await long_ago(door)
    first = await feed.get()
    earlier = "Mon, 05 Jan 2026 09:00:00 GMT"

    for condition in (
        {"if-none-match": '"other"', "if-modified-since": first.headers["last-modified"]},
        {"if-modified-since": earlier},
        {"if-modified-since": "yesterday"},
    ):
        answer = await feed.get(condition)
        assert (answer.status_code, answer.content) == (200, first.content), condition


async def test_so_fresh_a_change_has_no_time_that_could_mislead(door: Door) -> None:
    assert "last-modified" not in (await (await exported(door)).get()).headers


async def test_it_is_read_so_often_and_no_more(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(authentication, "_READINGS_PER_MINUTE", 2)
    async with a_door(sqlite_url) as door:
        one, other = await exported(door), await exported(door)
        answers = [await one.get() for _ in range(3)]
        others = await other.get()

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert int(answers[-1].headers["retry-after"]) > 0
    assert others.status_code == 200


async def test_guessing_is_slowed_down_where_it_comes_from(sqlite_url: str) -> None:
    async with a_door(sqlite_url) as door:
        feed = await exported(door)
        async with door.asking() as guesser:
            statuses = [(await guesser.get(UNKNOWN)).status_code for _ in range(101)]
        assert (await feed.get()).status_code == 200

    assert statuses == [404] * 100 + [429]


@pytest.mark.usefixtures("process_logging")
async def test_its_secret_is_in_no_log_and_not_in_the_store(sqlite_url: str) -> None:
    log = io.StringIO()
    configure_logging("debug", log)
    async with a_door(sqlite_url) as door:
        feed = await exported(door)
        await feed.get()
        await feed.get(method="HEAD")
        file = door.services.settings.sqlite_path
    assert file is not None

    secret = feed.path.removeprefix("/calendars/").removesuffix(".ics")
    stored = b"".join(part.read_bytes() for part in file.parent.glob(f"{file.name}*"))
    assert secret not in log.getvalue()
    assert secret.encode() not in stored
    paths = [json.loads(line).get("path") for line in log.getvalue().splitlines()]
    assert paths.count("/calendars/{secret}.ics") == 2
