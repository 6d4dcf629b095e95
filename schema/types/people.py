"""Who takes part in an event, and where they join."""

import strawberry

from calendar_sync.domain import events as domain
from schema.types.enums import ResponseStatus


@strawberry.type(description="A person or room, as an event names them.")
class Person:
    email: str | None = strawberry.field(description="Their address, in lower case.")
    name: str | None = strawberry.field(description="Their name.")

    @classmethod
    def of(cls, person: domain.Person | None) -> "Person | None":
        return cls(email=person.email, name=person.name) if person else None


@strawberry.type(description="Someone who is invited to an event.")
class Attendee:
    email: str | None = strawberry.field(description="Their address, in lower case.")
    name: str | None = strawberry.field(description="Their name.")
    response: ResponseStatus = strawberry.field(description="What they answered.")
    is_optional: bool = strawberry.field(description="Whether the event can do without them.")
    is_resource: bool = strawberry.field(description="Whether it is a room or a thing.")
    is_self: bool = strawberry.field(description="Whether it is the owner of the calendar.")

    @classmethod
    def of(cls, attendee: domain.Attendee) -> "Attendee":
        return cls(
            email=attendee.email,
            name=attendee.name,
            response=attendee.response,
            is_optional=attendee.is_optional,
            is_resource=attendee.is_resource,
            is_self=attendee.is_self,
        )


@strawberry.type(description="Where a meeting can be joined.")
class MeetingLink:
    url: str = strawberry.field(description="The address, freed from the wrappings of mail scanners.")
    platform: str = strawberry.field(description="Whose it is: `zoom`, `google_meet`, `teams` …")

    @classmethod
    def of(cls, link: domain.MeetingLink) -> "MeetingLink":
        return cls(url=link.url, platform=link.platform)
