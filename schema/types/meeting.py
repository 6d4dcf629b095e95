"""One real meeting, and its copies in the calendars that have it."""

from collections.abc import Iterable

import strawberry
from strawberry.utils.str_converters import to_camel_case

from calendar_sync.domain import meetings as domain
from schema.types.event import Event

MOST_COPIES = 100


@strawberry.type(
    description="One real meeting, with its copies in all of your calendars. Two events are copies of each other if "
    "they have the same iCalendar UID, and in a series the same original start; or if neither is cancelled and they "
    "start together with links into the same room. Copies of copies are copies too. Nothing of them is merged."
)
class Meeting:
    id: strawberry.ID = strawberry.field(
        description="`mcmtg_…`, the same whichever copy was asked for. It changes when a copy comes in or goes; "
        "`meeting(id:)` goes on answering to those that it had, as long as the copy they were made of is there."
    )
    copies: list[Event] = strawberry.field(
        description="The copies, as each calendar has them: those that take place first, then by start. No more than "
        f"{MOST_COPIES} are shown."
    )
    differences: list[str] = strawberry.field(
        description="Which of their fields are not the same in all copies, out of `title`, `start`, `end`, `isAllDay`, "
        "`status`, `organizerEmail` and `meetingLink`. What one leaves open is no difference, nor is another link "
        "into the same room."
    )

    @classmethod
    def of(cls, meeting: domain.Meeting, differences: Iterable[str]) -> "Meeting":
        return cls(
            id=strawberry.ID(meeting.id),
            copies=[Event.of(copy) for copy in meeting.copies[:MOST_COPIES]],
            differences=[to_camel_case(name) for name in differences],
        )
