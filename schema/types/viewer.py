"""Who asks."""

import strawberry


@strawberry.type(
    description="The user whose API key or token came with the request. All answers are limited to what is theirs."
)
class Viewer:
    id: strawberry.ID = strawberry.field(description="`usr_…`")
    organization_id: strawberry.ID = strawberry.field(description="The organisation they belong to: `org_…`")
    is_admin: bool = strawberry.field(description="Whether they administer their organisation.")
