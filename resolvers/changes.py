"""What changed: the feed, page by page and as it happens."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated

import strawberry

from calendar_sync.domain.changes import ChangeFilter, ChangePage
from calendar_sync.domain.identifiers import CalendarId
from resolvers.connections import few
from resolvers.context import Info
from resolvers.cursors import ChangeList
from schema.types.change import EventChange, EventChangeConnection
from schema.types.enums import ChangeKind
from schema.types.event_list import PageInfo
from schema.types.paging import FirstChangesArgument

DEFAULT_CHANGES = 100

AfterChange = Annotated[
    str | None,
    strawberry.argument(
        description="The place to go on from: an `endCursor`, the `cursor` of a change, or `latestChangeCursor`. It "
        "holds for ever, and for you alone."
    ),
]


async def changes(
    info: Info,
    after: AfterChange = None,
    first: FirstChangesArgument = DEFAULT_CHANGES,
    calendar_ids: Annotated[
        list[strawberry.ID] | None,
        strawberry.argument(description="Only changes in one of these calendars, at most 100."),
    ] = None,
    kinds: Annotated[list[ChangeKind] | None, strawberry.argument(description="Only changes of these kinds.")] = None,
) -> EventChangeConnection:
    actor = info.context.actor
    feed = ChangeList(actor)
    wanted = ChangeFilter(
        calendar_ids=None if calendar_ids is None else [CalendarId(one) for one in few(calendar_ids)],
        kinds=kinds,
    )
    place = None if after is None else feed.place(after)
    page = await info.context.services.feed.page(actor, place, wanted=wanted, limit=first)
    return _connection(feed, page, has_previous=after is not None)


async def latest_change_cursor(info: Info) -> str:
    actor = info.context.actor
    return ChangeList(actor).cursor(await info.context.services.feed.latest(actor))


async def follow(
    info: Info,
    after: Annotated[
        str | None,
        strawberry.argument(description="The place to go on from, as for `Query.changes`. By default: from now on."),
    ] = None,
) -> AsyncGenerator[EventChange]:
    actor = info.context.actor
    feed = ChangeList(actor)
    place = None if after is None else feed.place(after)
    async with aclosing(info.context.services.feed.follow(actor, place)) as made:
        async for change in made:
            yield EventChange.of(change, feed.cursor(change.position))


def _connection(feed: ChangeList, page: ChangePage, *, has_previous: bool) -> EventChangeConnection:
    nodes = [EventChange.of(change, feed.cursor(change.position)) for change in page.items]
    return EventChangeConnection(
        nodes=nodes,
        page_info=PageInfo(
            has_next_page=page.has_more,
            has_previous_page=has_previous,
            start_cursor=nodes[0].cursor if nodes else None,
            end_cursor=feed.cursor(page.end),
        ),
    )
