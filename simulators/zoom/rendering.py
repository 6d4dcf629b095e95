"""Meetings as Zoom's API shows them: rows of its two lists, and the detail."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from simulators.zoom.accounts import User
from simulators.zoom.meetings import RECURRING, JsonObject, Meeting, Occurrence, written

_UPCOMING = timedelta(days=1)


def row(meeting: Meeting, now: datetime, most: int) -> JsonObject:
    """A row of a user's meetings; a recurring one has one, which shows one of its occurrences."""
    shown = meeting.next(now, most)
    times = {} if shown is None else {"start_time": written(shown.start), "duration": shown.duration}
    return {
        "uuid": meeting.uuid,
        "id": meeting.id,
        "host_id": meeting.host_id,
        "topic": meeting.topic,
        "type": meeting.type,
        "duration": meeting.duration,
        **times,
        "timezone": meeting.time_zone,
        **({"agenda": meeting.agenda} if meeting.agenda else {}),
        "created_at": written(meeting.created),
        "join_url": meeting.join_url,
        **({"pmi": meeting.pmi} if meeting.pmi else {}),
        **meeting.spoilt,
    }


def upcoming_rows(meeting: Meeting, user: User, now: datetime, most: int) -> Sequence[JsonObject]:
    """A row for each occurrence that starts within the next day, or is under way."""
    near = [
        each
        for each in meeting.occurrences(now, most)
        if not each.is_deleted and each.end > now and each.start < now + _UPCOMING
    ]
    return [_upcoming_row(meeting, each, user) for each in near]


def _upcoming_row(meeting: Meeting, occurrence: Occurrence, user: User) -> JsonObject:
    return {
        "id": meeting.id,
        "topic": meeting.topic,
        "type": meeting.type,
        "start_time": written(occurrence.start),
        "duration": occurrence.duration,
        "timezone": meeting.time_zone,
        "created_at": written(meeting.created),
        "join_url": meeting.join_url,
        "passcode": meeting.passcode,
        "use_pmi": meeting.pmi is not None,
        "is_host": meeting.host_id == user.id,
        **meeting.spoilt,
    }


def detail(meeting: Meeting, now: datetime, most: int, *, previous: bool) -> JsonObject:
    """All of a meeting; `previous` are occurrences that are over."""
    shown = meeting.next(now, most)
    return {
        "uuid": meeting.uuid,
        "id": meeting.id,
        "host_id": meeting.host_id,
        "host_email": meeting.host_email,
        "topic": meeting.topic,
        "type": meeting.type,
        "status": "waiting",
        **({} if shown is None else {"start_time": written(shown.start)}),
        "duration": meeting.duration,
        "timezone": meeting.time_zone,
        "agenda": meeting.agenda,
        "created_at": written(meeting.created),
        "start_url": f"{meeting.join_url.replace('/j/', '/s/')}&zak=secret",
        "join_url": meeting.join_url,
        "password": meeting.passcode,
        **({"pmi": meeting.pmi} if meeting.pmi else {}),
        "settings": {
            "host_video": False,
            "join_before_host": False,
            "waiting_room": True,
            "use_pmi": meeting.pmi is not None,
            "meeting_invitees": [{"email": email} for email in meeting.invitees],
        },
        **_recurring(meeting, now, most, previous=previous),
    }


def _recurring(meeting: Meeting, now: datetime, most: int, *, previous: bool) -> JsonObject:
    if meeting.recurrence is None:
        return {}
    if meeting.type != RECURRING:
        return {"recurrence": meeting.recurrence.shown()}
    held = [each for each in meeting.occurrences(now, most) if previous or each.end > now]
    return {"occurrences": [each.shown() for each in held], "recurrence": meeting.recurrence.shown()}


def occurrence_detail(meeting: Meeting, occurrence: Occurrence, now: datetime, most: int) -> JsonObject:
    """A recurring meeting as one of its occurrences is."""
    whole = detail(meeting, now, most, previous=False)
    kept = {name: value for name, value in whole.items() if name not in {"occurrences", "recurrence"}}
    return kept | {"start_time": written(occurrence.start), "duration": occurrence.duration}


def profile(user: User) -> JsonObject:
    first, _, last = user.name.partition(" ")
    return {
        "id": user.id,
        "first_name": first,
        "last_name": last,
        "display_name": user.name,
        "email": user.email,
        "type": 2,
        "pmi": user.pmi,
        "timezone": user.time_zone,
        "verified": 1,
        "account_id": user.account_id,
        "status": "active",
    }
