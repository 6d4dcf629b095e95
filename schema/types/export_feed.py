"""Feeds by which calendar programs read a user's calendars, and how one is made and revoked."""

from datetime import datetime
from typing import Annotated

import strawberry

from calendar_sync.domain import export_feeds
from schema.types.failures import CreateExportFeedFailed, RevokeExportFeedFailed


@strawberry.type(
    description="A secret address at which calendar programs can subscribe to your calendars (iCalendar, RFC 5545). "
    "The address itself is told once, when it is made."
)
class ExportFeed:
    id: strawberry.ID = strawberry.field(description="`feed_…`")
    name: str = strawberry.field(description="What calendar programs call it.")
    is_busy_only: bool = strawberry.field(description="Whether it says when you are busy, and nothing else.")
    calendar_ids: list[strawberry.ID] | None = strawberry.field(
        description="The calendars that it shows, as far as they are read; `null`: all of yours, later ones too."
    )
    created_at: datetime = strawberry.field(description="When it was made.")
    last_read_at: datetime | None = strawberry.field(
        description="When somebody last read it, give or take five minutes; `null`: nobody yet."
    )

    @classmethod
    def of(cls, feed: export_feeds.ExportFeed) -> "ExportFeed":
        ids = feed.calendar_ids
        return cls(
            id=strawberry.ID(feed.id),
            name=feed.name,
            is_busy_only=feed.is_busy_only,
            calendar_ids=None if ids is None else [strawberry.ID(id) for id in ids],
            created_at=feed.created_at,
            last_read_at=feed.last_read_at,
        )


@strawberry.input(description="A feed of your calendars.")
class CreateExportFeedInput:
    name: str = strawberry.field(description="What calendar programs shall call it: up to 200 characters.")
    calendar_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="The calendars to show, `cal_…`, up to 200; left out: all of yours, later ones too."
    )
    busy_only: bool = strawberry.field(
        default=False,
        description="Say when you are busy, and nothing else: no titles, texts, places, people or links. Events that "
        "leave you free, or are cancelled, are left out.",
    )


@strawberry.type(description="The feed is there.")
class ExportFeedCreated:
    feed: ExportFeed = strawberry.field(description="The feed.")
    url: str = strawberry.field(description="Its secret address. It is told this once: the server keeps a hash of it.")
    webcal_url: str = strawberry.field(
        description="The same as `webcal://…`, which opens the user's calendar program to subscribe."
    )


@strawberry.type(description="The feed is revoked: there is nothing at its address any more.")
class ExportFeedRevoked:
    export_feed_id: strawberry.ID = strawberry.field(description="What it was called.")


CreateExportFeedResult = Annotated[
    ExportFeedCreated | CreateExportFeedFailed,
    strawberry.union("CreateExportFeedResult", description="The feed and its address, or why there is none."),
]
RevokeExportFeedResult = Annotated[
    ExportFeedRevoked | RevokeExportFeedFailed,
    strawberry.union("RevokeExportFeedResult", description="What was revoked, or why it was not."),
]
