"""What a newcomer finds in the simulated Microsoft: an account with a team's week in it."""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from simulators.microsoft.app import MicrosoftSimulator
from simulators.microsoft.ids import immutable_id, occurrence_id
from simulators.microsoft.patterns import DAYS, repeating

EMAIL = "demo@example.com"
ZONE = ZoneInfo("Europe/Berlin")


def demo(today: date) -> MicrosoftSimulator:
    """One account, `demo@example.com`, with a series on Teams of which one occurrence was moved and one deleted, a
    review, an all-day event, and a second calendar.

    `today` is where the week starts to count: all of it lies ahead. Its ids are the same at every start.
    """
    simulator = MicrosoftSimulator()
    account = simulator.add_account(EMAIL, "Demo Person")
    monday = today + timedelta(days=7 - today.weekday())
    calendar, team = account.calendar, account.add_calendar("Team", color="lightGreen", hex_color="")
    stand_up = calendar.add(
        "Stand-up",
        _at(monday, 9),
        _at(monday, 9) + timedelta(minutes=15),
        id=immutable_id("stand-up"),
        recurrence=repeating("weekly", daysOfWeek=list(DAYS[:5]), firstDayOfWeek="monday"),
        **_teams(),
    )
    moved, deleted = monday + timedelta(days=1), monday + timedelta(days=3)
    calendar.change(
        occurrence_id(stand_up, moved),
        subject="Stand-up (later)",
        start=_time(_at(moved, 10)),
        end=_time(_at(moved, 10) + timedelta(minutes=15)),
    )
    calendar.remove(occurrence_id(stand_up, deleted))
    review = {"id": immutable_id("review"), "attendees": _attendees(), **_organized_by_grace()}
    calendar.add("Design review", _at(monday + timedelta(days=2), 14), **review)
    calendar.add("Public holiday", monday + timedelta(days=4), id=immutable_id("holiday"), showAs="free")
    team.add("Offsite", monday + timedelta(days=10), monday + timedelta(days=12), id=immutable_id("offsite"))
    return simulator


def _at(day: date, hour: int) -> datetime:
    return datetime.combine(day, time(hour), ZONE)


def _time(moment: datetime) -> dict[str, Any]:
    return {"dateTime": f"{moment:%Y-%m-%dT%H:%M:%S}.0000000", "timeZone": "W. Europe Standard Time"}


def _teams() -> dict[str, Any]:
    uri = "https://teams.microsoft.com/l/meetup-join/19%3ameeting_demo%40thread.v2/0?context=%7b%7d"
    return {
        "isOnlineMeeting": True,
        "onlineMeetingProvider": "teamsForBusiness",
        "onlineMeeting": {"joinUrl": uri, "conferenceId": "123456789", "tollNumber": "+41 43 555 01 23"},
        "location": {"displayName": "Microsoft Teams Meeting", "locationType": "default", "uniqueIdType": "unknown"},
    }


def _organized_by_grace() -> dict[str, Any]:
    return {
        "organizer": {"emailAddress": {"name": "Grace", "address": "grace@partner.example"}},
        "responseStatus": {"response": "notResponded", "time": "0001-01-01T00:00:00Z"},
    }


def _attendees() -> list[dict[str, Any]]:
    return [
        {
            "type": "required",
            "status": {"response": response, "time": "0001-01-01T00:00:00Z"},
            "emailAddress": {"name": name, "address": address},
        }
        for name, address, response in (
            ("Grace", "grace@partner.example", "accepted"),
            ("Demo Person", EMAIL, "none"),
        )
    ]
