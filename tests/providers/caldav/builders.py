"""Small pieces that CalDAV tests are made of."""

from collections.abc import Mapping

from simulators.caldav.app import CalDavSimulator
from simulators.caldav.store import Calendar
from tests.providers.contract import Meeting

USER = "ada"
PASSWORD = "correct horse"
ADDRESS = "ada@example.com"


def an_object(meeting: Meeting) -> str:
    return calendar_object(meeting.icalendar())


def calendar_object(*components: str) -> str:
    return "".join(["BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Tests//EN\r\n", *components, "END:VCALENDAR\r\n"])


UNREADABLE = "BEGIN:VEVENT\r\nUID:{uid}\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:soon\r\nSUMMARY:Soon\r\nEND:VEVENT\r\n"


def a_simulator() -> tuple[CalDavSimulator, Calendar]:
    """A server with the user `ada`, who has one empty calendar, `work`."""
    simulator = CalDavSimulator()
    return simulator, simulator.add_user(USER, PASSWORD, ADDRESS).add_calendar("work")


def credentials(url: str) -> Mapping[str, str]:
    return {"url": url, "username": USER, "password": PASSWORD}
