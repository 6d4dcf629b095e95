"""Zoom users, and what they host and are invited to."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from secrets import token_urlsafe
from typing import Any

from simulators.clock import Clock
from simulators.zoom.meetings import INSTANT, NO_FIXED_TIME, RECURRING, SCHEDULED, Meeting
from simulators.zoom.recurrence import Recurrence

FIRST_ID = 97_763_643_886
"""Ids of meetings do not fit into 32 bits."""


@dataclass(slots=True, eq=False)
class User:
    email: str
    name: str
    time_zone: str = "Europe/Zurich"
    id: str = field(default_factory=lambda: token_urlsafe(16))
    account_id: str = "acme"
    pmi: int = 4_151_235_678


@dataclass(slots=True)
class World:
    """All users and meetings, by address and by id."""

    clock: Clock
    users: dict[str, User] = field(default_factory=dict)
    meetings: dict[int, Meeting] = field(default_factory=dict)
    _ids: "count[int]" = field(default_factory=lambda: count(FIRST_ID))

    def add_user(self, email: str, name: str = "", **properties: Any) -> User:  # noqa: ANN401 - those of User
        user = User(email, name or email, **properties)
        self.users[email] = user
        return user

    def schedule(
        self,
        host: User,
        topic: str,
        start: datetime | None,
        recurrence: Recurrence | None = None,
        **properties: Any,  # noqa: ANN401 - those of Meeting
    ) -> Meeting:
        """A meeting of type 2 or 8, or 3 where it has no `start`; another `type` may be given."""
        usual = NO_FIXED_TIME if start is None else SCHEDULED if recurrence is None else RECURRING
        meeting = Meeting(
            id=properties.pop("id", None) or next(self._ids),
            host_id=host.id,
            host_email=host.email,
            topic=topic,
            type=properties.pop("type", usual),
            start=start,
            recurrence=recurrence,
            created=self.clock.now(),
            **{"time_zone": host.time_zone, **properties},
        )
        self.meetings[meeting.id] = meeting
        return meeting

    def delete(self, meeting_id: int) -> None:
        """Raises `KeyError` where there is no such meeting."""
        del self.meetings[meeting_id]

    def hosted(self, user: User) -> Sequence[Meeting]:
        """All but instant ones, which are in no list; the newest last."""
        return [each for each in self.meetings.values() if each.host_id == user.id and each.type != INSTANT]

    def invited(self, user: User) -> Sequence[Meeting]:
        return [each for each in self.meetings.values() if user.email in each.invitees and each.host_id != user.id]
