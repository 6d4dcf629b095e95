"""The changes of single events, for many events of one request at a time."""

from collections.abc import Sequence

from graphql import GraphQLError

from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.changes import RecordedChange
from calendar_sync.events.feed import ChangeFeed
from resolvers.cursors import ChangeList
from schema.types.change import EventChange, EventChangeConnection
from schema.types.event_list import PageInfo
from schema.types.loading import FirstOf


async def histories(
    feed: ChangeFeed, actor: Actor, wanted: Sequence[FirstOf]
) -> Sequence[EventChangeConnection | GraphQLError]:
    """The page of each, by one query for all that begin at the same place; or what is wrong with its cursor."""
    pages: dict[FirstOf, EventChangeConnection | GraphQLError] = {}
    for after in {each.after for each in wanted}:
        alike = [each for each in wanted if each.after == after]
        try:
            place = None if after is None else ChangeList(actor).place(after)
        except GraphQLError as refused:
            pages |= dict.fromkeys(alike, refused)
            continue
        most = max(each.first for each in alike)
        found = await feed.histories(actor, {each.event for each in alike}, place, most + 1)
        pages |= {each: _page(actor, found.get(each.event, ()), each) for each in alike}
    return [pages[each] for each in wanted]


def _page(actor: Actor, found: Sequence[RecordedChange], wanted: FirstOf) -> EventChangeConnection:
    feed, items = ChangeList(actor), found[: wanted.first]
    nodes = [EventChange.of(change, feed.cursor(change.position)) for change in items]
    return EventChangeConnection(
        nodes=nodes,
        page_info=PageInfo(
            has_next_page=len(found) > wanted.first,
            has_previous_page=wanted.after is not None,
            start_cursor=nodes[0].cursor if nodes else None,
            end_cursor=nodes[-1].cursor if nodes else None,
        ),
    )
