"""Who asks."""

import strawberry

from resolvers.context import Info
from schema.types.viewer import Viewer


async def me(info: Info) -> Viewer:
    actor = info.context.actor
    return Viewer(
        id=strawberry.ID(actor.user_id),
        organization_id=strawberry.ID(actor.organization_id),
        is_admin=actor.is_admin,
    )
