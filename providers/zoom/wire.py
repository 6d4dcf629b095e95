"""What Zoom's API v2 sends, as far as it is read. Everything may be missing.

https://developers.zoom.us/docs/api/meetings/
"""

from typing import TypedDict

INSTANT, SCHEDULED, NO_FIXED_TIME, RECURRING = 1, 2, 3, 8
"""Types of meetings; others, as 10 for a shared screen, have a time as scheduled ones do."""


class Meeting(TypedDict, total=False):
    """A row of `GET /users/me/meetings` or `GET /users/me/upcoming_meetings`. Of the latter only has `is_host`.

    A recurring meeting is one row of the former, which shows the time of one of its occurrences, and a row for each
    occurrence of the latter.
    """

    id: int
    topic: str
    type: int
    start_time: str
    duration: int
    timezone: str
    agenda: str
    join_url: str
    is_host: bool


class Occurrence(TypedDict, total=False):
    """`occurrence_id` is the original start in milliseconds since 1970."""

    occurrence_id: str
    start_time: str
    duration: int
    status: str


class Recurrence(TypedDict, total=False):
    """`type` is 1 for daily, 2 for weekly, 3 for monthly; Sunday is day 1, week -1 is the last."""

    type: int
    repeat_interval: int
    weekly_days: str
    monthly_day: int
    monthly_week: int
    monthly_week_day: int
    end_times: int
    end_date_time: str


class Invitee(TypedDict, total=False):
    email: str


class Settings(TypedDict, total=False):
    meeting_invitees: list[Invitee]


class MeetingDetail(Meeting, total=False):
    """`GET /meetings/{id}?show_previous_occurrences=true`"""

    host_email: str
    occurrences: list[Occurrence]
    recurrence: Recurrence
    settings: Settings


class MeetingList(TypedDict, total=False):
    """A page. `next_page_token` is empty on the last one, and of no use after 15 minutes."""

    next_page_token: str
    total_records: int
    meetings: list[object]
