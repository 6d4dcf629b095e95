"""What a newcomer finds in the simulated Google: an account with a team's week in it."""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from simulators.google.app import GoogleSimulator

EMAIL = "demo@example.com"
ZONE = ZoneInfo("Europe/Zurich")


def demo(today: date) -> GoogleSimulator:
    """One account, `demo@example.com`, with a series, two meetings and a working location, and a calendar of its team.

    `today` is where the week starts to count: all of it lies ahead. Its ids are the same at every start.
    """
    simulator = GoogleSimulator()
    account = simulator.add_account(EMAIL, "Demo")
    monday = today + timedelta(days=7 - today.weekday())
    primary, team = account.primary, account.add_calendar("Team", id="team@group.calendar.google.com")
    weekdays = ["RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"]
    primary.add("Stand-up", _at(monday, 9), id="standup", recurrence=weekdays, **_meet())
    primary.change(
        f"standup_{_at(monday + timedelta(days=1), 9).astimezone(ZoneInfo('UTC')):%Y%m%dT%H%M%SZ}",
        status="cancelled",
    )
    primary.add("Design review", _at(monday + timedelta(days=2), 14), id="review", attendees=_attendees())
    primary.add(
        "Home",
        monday,
        id="homeoffice",
        eventType="workingLocation",
        transparency="transparent",
        workingLocationProperties={"type": "homeOffice", "homeOffice": {}},
    )
    team.add("Offsite", monday + timedelta(days=10), monday + timedelta(days=12), id="offsite")
    return simulator


def _at(day: date, hour: int) -> datetime:
    return datetime.combine(day, time(hour), ZONE)


def _meet() -> dict[str, Any]:
    uri = "https://meet.google.com/abc-defg-hij"
    return {
        "hangoutLink": uri,
        "conferenceData": {
            "conferenceId": "abc-defg-hij",
            "conferenceSolution": {"key": {"type": "hangoutsMeet"}, "name": "Google Meet"},
            "entryPoints": [{"entryPointType": "video", "uri": uri, "label": "meet.google.com/abc-defg-hij"}],
        },
    }


def _attendees() -> list[dict[str, Any]]:
    return [
        {"email": "grace@partner.example", "displayName": "Grace", "responseStatus": "accepted"},
        {"email": EMAIL, "responseStatus": "needsAction"},
    ]
