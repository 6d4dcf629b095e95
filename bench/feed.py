"""A large feed, as a company's calendar exports it: mostly single events, some series, some exceptions."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

EXPORTED = datetime(2026, 1, 1, tzinfo=UTC)
_START = datetime.now(UTC).replace(hour=8, minute=0, second=0, microsecond=0, tzinfo=None) + timedelta(days=1)


def feed(events: int, *, exported: datetime) -> str:
    """`events` event objects spread over the coming 300 days; `exported` is every DTSTAMP, as exporters write it."""
    stamp = f"DTSTAMP:{exported:%Y%m%dT%H%M%SZ}"
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//calendar-sync//bench//EN", "X-WR-CALNAME:Bench"]
    for number in range(events):
        lines += _event(number, stamp)
    return "\r\n".join([*lines, "END:VCALENDAR", ""])


def _event(number: int, stamp: str) -> list[str]:
    start = _START + timedelta(days=number % 300, minutes=15 * (number % 30))
    end = start + timedelta(minutes=30)
    series = [f"RRULE:FREQ=WEEKLY;COUNT={4 + number % 8}"] if number % 20 == 0 else []
    return [
        "BEGIN:VEVENT",
        f"UID:{number:06d}@bench.example",
        stamp,
        f"DTSTART;TZID=Europe/Zurich:{start:%Y%m%dT%H%M%S}",
        f"DTEND;TZID=Europe/Zurich:{end:%Y%m%dT%H%M%S}",
        *series,
        f"SUMMARY:Meeting {number}",
        f"DESCRIPTION:Agenda of meeting {number}\\nJoin: https://us02web.zoom.us/j/{85000000000 + number}?pwd=x",
        "LOCATION:Room 4",
        "ORGANIZER;CN=Ada:mailto:ada@example.com",
        "ATTENDEE;CN=Grace;PARTSTAT=ACCEPTED:mailto:grace@example.com",
        "ATTENDEE;CN=Lin;PARTSTAT=NEEDS-ACTION:mailto:lin@example.com",
        "SEQUENCE:0",
        "STATUS:CONFIRMED",
        "END:VEVENT",
    ]


@dataclass(slots=True)
class StaticFeed:
    """Serves the bytes as they are, with an ETag."""

    body: bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request, etag = Request(scope), f'"{hash(self.body)}"'
        unchanged = request.headers.get("if-none-match") == etag
        answer = Response(status_code=304) if unchanged else Response(self.body, media_type="text/calendar")
        answer.headers["ETag"] = etag
        await answer(scope, receive, send)
