"""Feeds as their users make and revoke them, and as they are read; on both databases."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from calendar_sync.domain.errors import Conflict, Invalid, NotFound
from calendar_sync.domain.export_feeds import ExportFeed, ExportFeedRequest
from calendar_sync.domain.identifiers import CalendarId
from calendar_sync.domain.providers import Removal
from calendar_sync.export import service
from calendar_sync.export.secrets import hash_of, new_secret
from calendar_sync.export.service import ExportService, FeedVersion
from calendar_sync.store.database import Database
from tests.builders import NOW, a_series, an_event
from tests.export.feeds import read_back
from tests.export.test_round_trip import less_what_is_lost, texts
from tests.store.conftest import Place, a_place


@dataclass
class Office:
    """A user with one calendar, and the service at a time of its own."""

    place: Place
    now: datetime = NOW
    exports: ExportService = field(init=False)

    def __post_init__(self) -> None:
        self.exports = ExportService(
            self.place.database, lambda: self.now, "https://calendars.example.com/", timedelta(minutes=5)
        )

    async def feed(self, name: str = "Everything", **wanted: object) -> ExportFeed:
        request = replace(ExportFeedRequest(name), **wanted)  # type: ignore[arg-type] # its fields
        return (await self.exports.create(self.place.actor, request))[0]

    async def version(self, feed: ExportFeed) -> FeedVersion:
        """Found without writing the feed."""
        version, text = await self.exports.read(feed, lambda _: True)
        assert text is None
        return version

    async def text(self, feed: ExportFeed) -> bytes:
        _, text = await self.exports.read(feed, lambda _: False)
        assert text is not None
        return b"".join(text.pieces())


@pytest.fixture
async def office(database: Database) -> Office:
    return Office(await a_place(database))


async def test_who_has_the_secret_has_the_feed_until_it_is_revoked(office: Office) -> None:
    feed, secret = await office.exports.create(office.place.actor, ExportFeedRequest("Work"))

    assert office.exports.url_of(secret) == f"https://calendars.example.com/calendars/{secret}.ics"
    assert await office.exports.by_secret(secret) == feed
    await office.exports.revoke(office.place.actor, feed.id)
    for gone in (secret, new_secret(), "csf_short", "ü", ""):
        with pytest.raises(NotFound):
            await office.exports.by_secret(gone)


def test_a_secret_cannot_be_guessed_nor_read_from_its_hash() -> None:
    secrets = {new_secret() for _ in range(100)}

    assert len(secrets) == 100
    assert {len(secret) for secret in secrets} == {47}
    assert not any(secret in str(hash_of(secret)) for secret in secrets)


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        (ExportFeedRequest(" "), "name"),
        (ExportFeedRequest("x" * 201), "name"),
        (ExportFeedRequest("line\nbreak"), "name"),
        (ExportFeedRequest("Work", []), "calendar_ids"),
        (ExportFeedRequest("Work", [CalendarId(f"cal_{number}") for number in range(201)]), "calendar_ids"),
    ],
)
async def test_a_feed_that_cannot_be_is_refused(office: Office, wanted: ExportFeedRequest, field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        await office.exports.create(office.place.actor, wanted)

    assert refusal.value.field == field


async def test_a_calendar_of_somebody_else_s_cannot_be_named(office: Office) -> None:
    other = await a_place(office.place.database, "other@example.com")

    with pytest.raises(NotFound):
        await office.feed(calendar_ids=[other.calendar.id])


async def test_there_is_a_limit_to_feeds(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MOST_FEEDS", 1)
    await office.feed()

    with pytest.raises(Conflict):
        await office.feed()


async def test_it_says_what_is_stored_however_many_portions_that_takes(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "_PORTION", 2)
    events = [an_event(f"e{number}") for number in range(4)] + [a_series()]
    for event in events:
        await office.place.apply(event)

    back = read_back(await office.text(await office.feed()))

    assert sorted(texts(*back)) == sorted(texts(*map(less_what_is_lost, events)))


async def test_the_version_is_another_one_whenever_the_text_is_and_only_then(office: Office) -> None:
    feed = await office.feed()
    tags, written = [], []

    async def look(*changes: object) -> None:
        office.now += timedelta(hours=1)
        await office.place.apply(*changes, now=office.now)  # type: ignore[arg-type] # changes
        tags.append((await office.version(feed)).tag)
        written.append(await office.text(feed))

    await look()
    await look(an_event("a"), an_event("b"))
    await look(an_event("a"))
    await look(an_event("a", title="Lunch"))
    await look(Removal("b"))

    assert _changes(tags) == _changes(written) == [True, False, True, True]


def _changes(values: Sequence[object]) -> list[bool]:
    return [one != other for one, other in pairwise(values)]


async def test_what_another_calendar_holds_changes_nothing(office: Office) -> None:
    feed = await office.feed(calendar_ids=[office.place.calendar.id])
    before = await office.version(feed)
    await (await a_place(office.place.database, "other@example.com")).apply(an_event())

    assert (await office.version(feed)).tag == before.tag


async def test_a_time_is_told_once_nothing_can_have_happened_at_it_any_more(office: Office) -> None:
    feed = await office.feed()
    office.now += timedelta(hours=1)
    changed_at = office.now
    await office.place.apply(an_event(), now=changed_at)

    at_once = await office.version(feed)
    office.now += timedelta(minutes=2)

    assert [at_once.modified_at, (await office.version(feed)).modified_at] == [None, changed_at]


async def test_that_it_was_read_is_noted_now_and_then(office: Office) -> None:
    feed = await office.feed()
    noted = []
    for minutes in (1, 2, 6):
        office.now = NOW + timedelta(minutes=minutes)
        (found,) = await office.exports.list(office.place.actor)
        await office.version(found)
        noted.append((await office.exports.list(office.place.actor))[0].last_read_at)

    assert noted == [NOW + timedelta(minutes=minutes) for minutes in (1, 1, 6)]
    assert feed.last_read_at is None
