"""Feeds by which calendar programs read a user's calendars."""

from typing import Annotated

import strawberry

from calendar_sync.domain.errors import Refusal
from calendar_sync.domain.export_feeds import ExportFeedRequest
from calendar_sync.domain.identifiers import CalendarId, ExportFeedId
from resolvers.context import Info
from resolvers.refusals import camel, told
from schema.types.export_feed import (
    CreateExportFeedInput,
    CreateExportFeedResult,
    ExportFeed,
    ExportFeedCreated,
    ExportFeedRevoked,
    RevokeExportFeedResult,
)
from schema.types.failures import CreateExportFeedFailed, RevokeExportFeedFailed

_FIELDS = {name: f"input.{camel(name)}" for name in ("name", "calendar_ids")}


async def export_feeds(info: Info) -> list[ExportFeed]:
    return [ExportFeed.of(feed) for feed in await info.context.services.exports.list(info.context.actor)]


async def create_export_feed(
    info: Info, input: Annotated[CreateExportFeedInput, strawberry.argument(description="The feed.")]
) -> CreateExportFeedResult:
    exports, ids = info.context.services.exports, input.calendar_ids
    wanted = ExportFeedRequest(
        input.name, None if ids is None else [CalendarId(id) for id in ids], is_busy_only=input.busy_only
    )
    try:
        feed, secret = await exports.create(info.context.actor, wanted)
    except Refusal as error:
        return CreateExportFeedFailed(**told(error, _FIELDS))
    url = exports.url_of(secret)
    webcal_url = f"webcal{url[url.index('://') :]}"
    return ExportFeedCreated(feed=ExportFeed.of(feed), url=url, webcal_url=webcal_url)


async def revoke_export_feed(
    info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The feed: `feed_…`")]
) -> RevokeExportFeedResult:
    try:
        await info.context.services.exports.revoke(info.context.actor, ExportFeedId(id))
    except Refusal as error:
        return RevokeExportFeedFailed(**told(error))
    return ExportFeedRevoked(export_feed_id=id)
