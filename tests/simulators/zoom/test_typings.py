"""Every answer is of the type that Zoom's own typings give it."""

from datetime import timedelta

from simulators.zoom.meetings import occurrence_id
from simulators.zoom.recurrence import DAILY, MONTHLY, WEEKLY, Recurrence
from tests.simulators.zoom.typings.compiler import problems
from tests.simulators.zoom.world import FIVE_WEEKS, MONDAY, NOW, Zoom

LIST = "meetings.MeetingsListMeetingsResponse"
UPCOMING = "meetings.MeetingsListUpcomingMeetingsResponse"
DETAIL = "meetings.MeetingsGetMeetingResponse"
USER = "users.UsersGetUserResponse"


def fill(zoom: Zoom) -> None:
    """Meetings of every kind that the typings know."""
    tomorrow = NOW + timedelta(hours=20)
    series = zoom.simulator.world.schedule(
        zoom.ada, "Series", MONDAY, FIVE_WEEKS, agenda="Weekly", invitees=["b@example.com"]
    )
    series.move(occurrence_id(MONDAY), MONDAY + timedelta(hours=2), 15)
    series.cancel(occurrence_id(MONDAY + timedelta(weeks=1)))
    daily = Recurrence(DAILY, 2, end_date_time="2026-06-01T00:00:00Z")
    zoom.simulator.world.schedule(zoom.ada, "Daily", tomorrow, daily, time_zone="America/New_York")
    zoom.simulator.world.schedule(zoom.ada, "Endless", tomorrow, Recurrence(WEEKLY, weekly_days="5"))
    zoom.simulator.world.schedule(zoom.ada, "15th", tomorrow, Recurrence(MONTHLY, monthly_day=15, end_times=3))
    last_friday = Recurrence(MONTHLY, monthly_week=-1, monthly_week_day=6, end_times=3)
    zoom.simulator.world.schedule(zoom.ada, "Last Friday", tomorrow, last_friday)
    zoom.simulator.world.schedule(zoom.ada, "Room", None)
    zoom.simulator.world.schedule(zoom.ada, "Own room", tomorrow, pmi="4151235678")
    bob = zoom.simulator.add_user("bob@example.com")
    zoom.simulator.world.schedule(bob, "Invited", tomorrow, invitees=[zoom.ada.email])


async def test_every_answer_is_of_its_type(zoom: Zoom) -> None:
    fill(zoom)
    kinds = ("scheduled", "live", "upcoming", "upcoming_meetings", "previous_meetings")
    lists = [await zoom.get("users/me/meetings", type=kind, page_size=4) for kind in kinds]
    following = lists[0]["next_page_token"]
    lists.append(await zoom.get("users/me/meetings", type="scheduled", page_size=4, next_page_token=following))
    ids = [row["id"] for row in await zoom.meetings()]
    details = [await zoom.detail(each, show_previous_occurrences="true") for each in ids]
    details += [await zoom.detail(each) for each in ids]
    single = [(each["id"], each["occurrences"][0]) for each in details if "occurrences" in each]
    details += [await zoom.detail(each, occurrence_id=first["occurrence_id"]) for each, first in single]
    samples = [
        (USER, await zoom.get("users/me")),
        (UPCOMING, await zoom.get("users/me/upcoming_meetings")),
        *((LIST, each) for each in lists),
        *((DETAIL, each) for each in details),
    ]

    assert len(samples) > 25
    assert problems(samples) == ""


def test_what_is_not_of_its_type_is_told() -> None:
    told = problems([(LIST, {"meetings": [{"id": "9"}]}), (DETAIL, {"occurences": []}), (UPCOMING, {"meetings": []})])
    assert "s0" not in told
    assert told.count("error TS") == 2
    assert "'string' is not assignable to type 'number'" in told
    assert "occurences" in told
