"""What a newcomer finds already connected: a team's week in a CalDAV account and at vendors, and a feed of days off."""

from collections.abc import Sequence
from datetime import date, timedelta

from simulators.caldav.app import CalDavSimulator
from simulators.google.app import GoogleSimulator
from simulators.google.samples import demo as google_demo
from simulators.ics.app import IcsSimulator
from simulators.microsoft.app import MicrosoftSimulator
from simulators.microsoft.samples import demo as microsoft_demo

USER = "demo"
PASSWORD = "demo"  # noqa: S105 - of a simulator on this machine
ZONE = "Europe/Zurich"


def caldav_account(today: date) -> CalDavSimulator:
    """A server with one user, `demo`, whose calendar `work` has a series, two meetings and an all-day event.

    `today` is where the week starts to count: all of it lies ahead.
    """
    simulator = CalDavSimulator()
    work = simulator.add_user(USER, PASSWORD, "demo@example.com").add_calendar("work", displayname="Work")
    work.timezone = ZONE
    monday = today + timedelta(days=7 - today.weekday())
    for name, lines in _week(monday).items():
        work.put(f"{name}.ics", _calendar(_event(name, lines)))
    return simulator


def feeds(today: date) -> IcsSimulator:
    """Feeds, of which one, `days-off`, has three all-day events."""
    simulator = IcsSimulator()
    days_off = simulator.feed("days-off", x_wr_calname="Days off", x_wr_timezone=ZONE)
    days = (("founders", "Founders' Day", 20), ("retreat", "Retreat", 45), ("stock", "Inventory", 80))
    for name, title, ahead in days:
        days_off.put(f"{name}@sandbox.example", summary=title, start=today + timedelta(days=ahead))
    return simulator


def vendors(today: date) -> Sequence[GoogleSimulator | MicrosoftSimulator]:
    """Google and Microsoft, with an account each that lets in at once who asks for it, and an application for us."""
    google, microsoft = google_demo(today), microsoft_demo(today)
    for vendor in (google, microsoft):
        vendor.add_client("sandbox", "sandbox")
        vendor.quirks.consent = "grant"
    return google, microsoft


def _week(monday: date) -> dict[str, list[str]]:
    return {
        "stand-up": [
            "SUMMARY:Stand-up",
            *_times(monday, "0900", "0915"),
            "RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
            "LOCATION:https://us02web.zoom.us/j/85012345678?pwd=Ab12",
            "ORGANIZER;CN=Ada:mailto:ada@example.com",
            "ATTENDEE;CN=Demo;PARTSTAT=ACCEPTED:mailto:demo@example.com",
        ],
        "review": [
            "SUMMARY:Design review",
            *_times(monday + timedelta(days=2), "1400", "1500"),
            "DESCRIPTION:Join: https://teams.microsoft.com/meet/2451234567890?p=AbCdEf",
            "ORGANIZER;CN=Grace:mailto:grace@partner.example",
            "ATTENDEE;CN=Demo;PARTSTAT=NEEDS-ACTION:mailto:demo@example.com",
        ],
        "lunch": ["SUMMARY:Lunch with Lin", *_times(monday + timedelta(days=3), "1200", "1300")],
        "offsite": [
            "SUMMARY:Offsite",
            f"DTSTART;VALUE=DATE:{monday + timedelta(days=10):%Y%m%d}",
            f"DTEND;VALUE=DATE:{monday + timedelta(days=12):%Y%m%d}",
        ],
    }


def _times(day: date, start: str, end: str) -> list[str]:
    return [f"DT{edge};TZID={ZONE}:{day:%Y%m%d}T{time}00" for edge, time in (("START", start), ("END", end))]


def _event(uid: str, lines: list[str]) -> list[str]:
    return ["BEGIN:VEVENT", f"UID:{uid}@sandbox.example", "DTSTAMP:20260101T000000Z", *lines, "END:VEVENT"]


def _calendar(event: list[str]) -> str:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//calendar-sync//sandbox//EN", *event, "END:VCALENDAR", ""]
    return "\r\n".join(lines)
