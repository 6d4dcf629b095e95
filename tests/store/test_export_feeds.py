"""Feeds and what is read for them: found by the hash of a secret, the actor's own, exact in what changed."""

from dataclasses import replace
from datetime import timedelta

import pytest

from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.errors import NotFound
from calendar_sync.domain.export_feeds import ExportFeed
from calendar_sync.domain.identifiers import CalendarId, ExportFeedId, new_export_feed_id
from calendar_sync.domain.providers import Removal
from calendar_sync.store.payload import encode
from tests.builders import NOW, START, a_calendar, a_series, an_event
from tests.store.conftest import Place, a_place

LATER = NOW + timedelta(hours=1)


async def a_feed(place: Place, hashed: str = "hash", **fields: object) -> ExportFeed:
    usual = ExportFeed(
        id=new_export_feed_id(),
        user_id=place.actor.user_id,
        organization_id=place.actor.organization_id,
        name="Everything",
        is_busy_only=False,
        calendar_ids=None,
        created_at=NOW,
        last_read_at=None,
    )
    feed = replace(usual, **fields)  # type: ignore[arg-type] # fields of a feed
    async with place.database.begin(actor=place.actor) as tx:
        await tx.export_feeds.add(feed, hashed)
    return feed


async def listed(place: Place) -> list[ExportFeed]:
    async with place.database.begin(write=False, actor=place.actor) as tx:
        return list(await tx.export_feeds.list(place.actor))


async def test_a_feed_is_found_by_the_hash_of_its_secret_alone(place: Place) -> None:
    feed = await a_feed(place, calendar_ids=(CalendarId("cal_a"), CalendarId("cal_b")), is_busy_only=True)

    async with place.database.begin(write=False) as tx:
        assert await tx.export_feeds.by_secret("hash") == feed
        assert await tx.export_feeds.by_secret(feed.id) is None
    assert await listed(place) == [feed]


async def test_feeds_are_listed_and_deleted_by_their_user_only(place: Place) -> None:
    other = await a_place(place.database, "other@example.com")
    older, newer = await a_feed(place), await a_feed(place, "another", created_at=LATER)
    await a_feed(other, "a third")

    assert await listed(place) == [older, newer]
    with pytest.raises(NotFound):
        await _delete(other, older.id, other.actor)
    await _delete(place, older.id, place.actor)
    assert await listed(place) == [newer]


async def _delete(place: Place, feed: ExportFeedId, actor: Actor) -> None:
    async with place.database.begin(actor=actor) as tx:
        await tx.export_feeds.delete(actor, feed)


async def test_a_reading_is_noted_and_never_set_back(place: Place) -> None:
    feed = await a_feed(place)

    for moment in (LATER, NOW):
        async with place.database.begin(actor=place.actor) as tx:
            await tx.export_feeds.touch(feed.id, moment)

    assert [one.last_read_at for one in await listed(place)] == [LATER]


async def test_entries_are_those_of_calendars_that_are_read_the_oldest_first(place: Place) -> None:
    hidden = replace(place, calendar=await a_calendar(place.database, place.connection, "hidden"))
    await place.apply(a_series("b", uid="B"), now=LATER)
    await place.apply(an_event("a", uid="A"))
    await hidden.apply(an_event("c", uid="C"), now=NOW + timedelta(minutes=1))

    async with place.database.begin(write=False, actor=place.actor) as tx:
        everything = [one.uid for one in await tx.export_feeds.entries(place.actor, None)]
        chosen = [one.uid for one in await tx.export_feeds.entries(place.actor, [place.calendar.id])]
    async with place.database.begin(actor=place.actor) as tx:
        await tx.calendars.select(place.actor, place.connection.id, [place.calendar.id])
        selected = [one.uid for one in await tx.export_feeds.entries(place.actor, [hidden.calendar.id])]

    assert everything == ["A", "C", "B"]
    assert chosen == ["A", "B"]
    assert selected == []


async def test_another_user_s_calendars_are_not_read_even_if_they_are_named(place: Place) -> None:
    other = await a_place(place.database, "other@example.com")
    await place.apply(an_event("a"))

    async with place.database.begin(write=False, actor=other.actor) as tx:
        assert await tx.export_feeds.entries(other.actor, [place.calendar.id]) == []
    async with place.database.begin(write=False, actor=place.actor) as tx:
        (entry,) = await tx.export_feeds.entries(place.actor, None)
        assert await tx.export_feeds.payloads(other.actor, [entry.id]) == {}
        assert await tx.export_feeds.payloads(place.actor, [entry.id]) == {entry.id: encode(an_event("a")).payload}


async def test_what_only_the_past_knows_is_left_out(place: Place) -> None:
    await place.apply(a_series("s", start=START - timedelta(days=14)))
    await place.apply(Removal("s", since=NOW), now=NOW)

    async with place.database.begin(write=False, actor=place.actor) as tx:
        assert await tx.export_feeds.entries(place.actor, None) == []


async def test_the_last_change_is_told_a_removal_too(place: Place) -> None:
    moments = []
    for changes, now in ((), NOW), ((an_event("a"),), NOW), ((Removal("a"),), LATER):
        await place.apply(*changes, now=now)
        async with place.database.begin(write=False, actor=place.actor) as tx:
            moments.append(await tx.export_feeds.last_change_at(place.actor))

    assert moments == [None, NOW, LATER]
