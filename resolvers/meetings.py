"""One meeting, by its own identifier."""

from typing import Annotated

import strawberry

from calendar_sync.domain.errors import NotFound
from calendar_sync.domain.identifiers import MeetingId
from calendar_sync.events.meetings import differences
from resolvers.context import Info
from schema.types.meeting import Meeting


async def meeting(
    info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The meeting: `mcmtg_…`")]
) -> Meeting | None:
    try:
        found = await info.context.services.meetings.get(info.context.actor, MeetingId(id))
    except NotFound:
        return None
    return Meeting.of(found, differences(found))
