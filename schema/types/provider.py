"""The outside services whose calendars can be kept here."""

import strawberry

from schema.types.enums import ProviderName


@strawberry.type(description="An outside service, and whether this server can connect it.")
class Provider:
    name: ProviderName = strawberry.field(description="The service.")
    is_available: bool = strawberry.field(description="Whether accounts of it can be connected here.")
    unavailable_reason: str | None = strawberry.field(description="Why not, in one sentence.")
