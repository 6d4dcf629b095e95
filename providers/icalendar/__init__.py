"""iCalendar (RFC 5545) for whoever receives it: `read_feed` for a whole feed, `read_object` for one CalDAV resource.

Both are pure and synchronous, and safe to run in a worker process: what goes in and comes out can be pickled. How
wrong input is read is documented where it is read: text in `lines`, values in `values`, zones in `zones`, starts and
ends in `times`, exceptions and identity in `series`.
"""

from providers.icalendar.feed import CalendarInfo, Feed, read_feed, read_object

__all__ = ["CalendarInfo", "Feed", "read_feed", "read_object"]
