"""What a newcomer finds in the simulated Zoom: an account with a team's week in it."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from simulators.zoom.app import ZoomSimulator
from simulators.zoom.meetings import occurrence_id
from simulators.zoom.recurrence import WEEKLY, Recurrence

EMAIL = "demo@example.com"
ZONE = ZoneInfo("Europe/Zurich")


def demo(today: date) -> ZoomSimulator:
    """One user, `demo@example.com`, who hosts a series and two meetings and is invited to one.

    `today` is where the week starts to count: all of it lies ahead, the invitation tomorrow.
    """
    simulator = ZoomSimulator()
    user = simulator.add_user(EMAIL, "Demo")
    partner = simulator.add_user("grace@partner.example", "Grace")
    monday = today + timedelta(days=7 - today.weekday())
    planning = simulator.world.schedule(
        user, "Planning", _at(monday, 10), Recurrence(WEEKLY, weekly_days="2", end_times=12), duration=45
    )
    second, third = (_at(monday + timedelta(weeks=week), 10) for week in (1, 2))
    planning.move(occurrence_id(second), second + timedelta(days=1))
    planning.cancel(occurrence_id(third))
    simulator.world.schedule(user, "Interview", _at(monday + timedelta(days=1), 15), duration=30, agenda="Second round")
    simulator.world.schedule(user, "Open room", None)
    simulator.world.schedule(partner, "Kick-off", _at(today + timedelta(days=1), 11), invitees=[EMAIL])
    return simulator


def _at(day: date, hour: int) -> datetime:
    return datetime.combine(day, time(hour), ZONE)
