"""The use case of feeds: make one, list and revoke them, and read what is at their secret addresses."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.errors import Conflict, Invalid, NotFound, StoreUnavailable
from calendar_sync.domain.export_feeds import ExportedEntry, ExportFeed, ExportFeedRequest
from calendar_sync.domain.identifiers import ExportFeedId, new_export_feed_id
from calendar_sync.export.secrets import hash_of, new_secret
from calendar_sync.export.writing import FeedText, FeedWriter, version_of
from calendar_sync.store.database import Database, Transaction

PATH = "/calendars/{secret}.ics"
"""Of a feed, on the server's public address."""

MOST_FEEDS = 50
"""Of one user."""
MOST_CALENDARS = 200
"""Named for one feed."""
LONGEST_NAME = 200

_PORTION = 100
_WRITTEN_AT_ONCE = 2
_BETWEEN_TOUCHES = timedelta(minutes=5)
_SETTLED = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class FeedVersion:
    """`tag` changes with the text, and only with it. `modified_at` is when it last did; `None` while that is so short
    ago that it may do so again and look no newer."""

    tag: str
    modified_at: datetime | None


@dataclass(frozen=True, slots=True)
class ExportService:
    """`public_url` is where the server is reached, `refresh` how often whoever subscribes is told to look.

    A process writes few feeds at a time: it is work.
    """

    database: Database
    clock: Callable[[], datetime]
    public_url: str
    refresh: timedelta
    _turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_WRITTEN_AT_ONCE))

    async def create(self, actor: Actor, wanted: ExportFeedRequest) -> tuple[ExportFeed, str]:
        """A new feed and its secret, which is known now and never again.

        Raises `Invalid` naming the field, `NotFound` for a calendar that is not the actor's, or `Conflict` where they
        have as many as there may be.
        """
        name, secret = _name(wanted.name), new_secret()
        chosen = None if wanted.calendar_ids is None else tuple(dict.fromkeys(wanted.calendar_ids))
        if chosen is not None and not 0 < len(chosen) <= MOST_CALENDARS:
            raise Invalid(f"Name from 1 to {MOST_CALENDARS} calendars, or none for all.", field="calendar_ids")
        feed = ExportFeed(
            id=new_export_feed_id(),
            user_id=actor.user_id,
            organization_id=actor.organization_id,
            name=name,
            is_busy_only=wanted.is_busy_only,
            calendar_ids=chosen,
            created_at=self.clock(),
            last_read_at=None,
        )
        async with self.database.begin(actor=actor) as tx:
            if chosen is not None and set(chosen) - {calendar.id for calendar in await tx.calendars.list(actor)}:
                raise NotFound("calendar")
            if len(await tx.export_feeds.list(actor)) >= MOST_FEEDS:
                raise Conflict(f"You have {MOST_FEEDS} feeds already: revoke one first.")
            await tx.export_feeds.add(feed, hash_of(secret) or "")
        return feed, secret

    def url_of(self, secret: str) -> str:
        return self.public_url.rstrip("/") + PATH.format(secret=secret)

    async def list(self, actor: Actor) -> Sequence[ExportFeed]:
        """The actor's feeds, the oldest first."""
        async with self.database.begin(write=False, actor=actor) as tx:
            return await tx.export_feeds.list(actor)

    async def revoke(self, actor: Actor, feed: ExportFeedId) -> None:
        """From now on there is nothing at its address. Raises `NotFound`."""
        async with self.database.begin(actor=actor) as tx:
            await tx.export_feeds.delete(actor, feed)

    async def by_secret(self, secret: str) -> ExportFeed:
        """The feed at a secret address. Raises `NotFound` alike for what never was and what is revoked."""
        secret_hash, feed = hash_of(secret), None
        if secret_hash is not None:
            async with self.database.begin(write=False) as tx:
                feed = await tx.export_feeds.by_secret(secret_hash)
        if feed is None:
            raise NotFound("export_feed", "There is no calendar at this address.")
        return feed

    async def read(
        self, feed: ExportFeed, is_known: Callable[[FeedVersion], bool]
    ) -> tuple[FeedVersion, FeedText | None]:
        """What the feed says now, and its version; without text, which costs, where the version `is_known`."""
        actor = Actor(feed.user_id, feed.organization_id)
        await self._touch(feed, actor)
        async with self.database.begin(write=False, actor=actor) as tx:
            entries = await tx.export_feeds.entries(actor, feed.calendar_ids)
            version = await self._version(tx, actor, feed, entries)
            if is_known(version):
                return version, None
        return await self._written(feed, actor)

    async def _written(self, feed: ExportFeed, actor: Actor) -> tuple[FeedVersion, FeedText]:
        """In portions, of one state of the store."""
        async with self._turns, self.database.begin(write=False, actor=actor) as tx:
            entries = await tx.export_feeds.entries(actor, feed.calendar_ids)
            version = await self._version(tx, actor, feed, entries)
            writer = FeedWriter(feed, entries, self.refresh)
            for start in range(0, len(entries), _PORTION):
                portion = entries[start : start + _PORTION]
                payloads = await tx.export_feeds.payloads(actor, [entry.id for entry in portion])
                await asyncio.to_thread(writer.write, portion, payloads)
        return version, await asyncio.to_thread(writer.text)

    async def _version(
        self, tx: Transaction, actor: Actor, feed: ExportFeed, entries: Sequence[ExportedEntry]
    ) -> FeedVersion:
        tag = await asyncio.to_thread(version_of, feed, entries, self.refresh)
        moments = [feed.created_at, await tx.export_feeds.last_change_at(actor), *(one.updated_at for one in entries)]
        modified_at = max(moment for moment in moments if moment is not None)
        return FeedVersion(tag, modified_at if self.clock() - modified_at >= _SETTLED else None)

    async def _touch(self, feed: ExportFeed, actor: Actor) -> None:
        """Note the reading, now and then. A store too busy to be written to keeps nobody from reading."""
        now = self.clock()
        if feed.last_read_at is None or now - feed.last_read_at >= _BETWEEN_TOUCHES:
            with suppress(StoreUnavailable):
                async with self.database.begin(actor=actor) as tx:
                    await tx.export_feeds.touch(feed.id, now)


def _name(text: str) -> str:
    name = text.strip()
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        raise Invalid(f"A name has 1 to {LONGEST_NAME} characters that can be printed.", field="name")
    return name
