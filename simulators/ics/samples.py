"""Events as real publishers write them, oddly or wrongly; content lines without UID and DTSTAMP."""

from collections.abc import Mapping, Sequence

SAMPLES: Mapping[str, Sequence[str]] = {
    "windows-zone": (
        "DTSTART;TZID=W. Europe Standard Time:20260601T090000",
        "DTEND;TZID=W. Europe Standard Time:20260601T100000",
        "SUMMARY:A Windows zone without its VTIMEZONE",
    ),
    "customized-zone": (
        "DTSTART;TZID=Customized Time Zone:20260601T090000",
        "DTEND;TZID=Customized Time Zone:20260601T100000",
        "SUMMARY:Outlook's zone without a name",
    ),
    "floating": (
        "DTSTART:20260601T090000",
        "DTEND:20260601T100000",
        "SUMMARY:Nine o'clock wherever the calendar is",
    ),
    "until-is-a-date": (
        "DTSTART;TZID=Europe/Zurich:20260601T090000",
        "DTEND;TZID=Europe/Zurich:20260601T100000",
        "RRULE:FREQ=DAILY;UNTIL=20260605",
        "SUMMARY:A timed series until a date",
    ),
    "ends-the-day-it-starts": (
        "DTSTART;VALUE=DATE:20260601",
        "DTEND;VALUE=DATE:20260601",
        "SUMMARY:An all-day event that ends before it begins",
    ),
    "end-and-duration": (
        "DTSTART:20260601T090000Z",
        "DTEND:20260601T100000Z",
        "DURATION:PT2H",
        "SUMMARY:Both an end and a duration",
    ),
    "orphan": (
        "RECURRENCE-ID:20260608T090000Z",
        "DTSTART:20260608T110000Z",
        "DTEND:20260608T120000Z",
        "SUMMARY:A moved instance of a series that is not here",
    ),
    "second-by-second": (
        "DTSTART:19700101T000000Z",
        "DTEND:19700101T000001Z",
        "RRULE:FREQ=SECONDLY",
        "SUMMARY:Every second since 1970",
    ),
    "no-start": ("SUMMARY:No start",),
    "start-is-no-time": ("DTSTART:soon", "SUMMARY:Soon"),
}
