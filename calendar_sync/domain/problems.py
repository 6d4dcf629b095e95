"""Event objects that their provider has and nobody here can read: kept apart until they can be."""

from dataclasses import dataclass
from datetime import datetime

from calendar_sync.domain.identifiers import CalendarId


@dataclass(frozen=True, slots=True)
class Problem:
    """`reason` is one sentence for the user, `source` the provider's text, cut at 64 kB; `seen_at` is aware, UTC."""

    calendar_id: CalendarId
    remote_id: str
    reason: str
    source: str
    seen_at: datetime
