"""What an event says: texts, status, people and links."""

from collections.abc import Iterable, Iterator

from calendar_sync.domain.events import Attendee, Details, EventStatus, Person, ResponseStatus, Visibility
from calendar_sync.domain.meeting_links import find_meeting_links
from providers.icalendar.rich_text import visible_text
from providers.outlook import wire

_RESPONSES = {
    "organizer": ResponseStatus.ACCEPTED,
    "accepted": ResponseStatus.ACCEPTED,
    "tentativelyaccepted": ResponseStatus.TENTATIVE,
    "declined": ResponseStatus.DECLINED,
}
_VISIBILITIES = {
    "personal": Visibility.PRIVATE,
    "private": Visibility.PRIVATE,
    "confidential": Visibility.CONFIDENTIAL,
}
_NOT_BUSY = frozenset({"free", "workingelsewhere"})


def details(event: wire.Event, me: str | None) -> Details:
    """`me` is the account's address, lower case. Words that Graph adds later mean what an absent one does."""
    place = event.get("location") or {}
    description, location = _description(event.get("body") or {}), _text(place.get("displayName"))
    texts = [text for text in (*_places(event), description) if text]
    return Details(
        title=_text(event.get("subject")),
        description=description,
        location=location,
        status=EventStatus.CANCELLED if event.get("isCancelled") else EventStatus.CONFIRMED,
        organizer=_person(event.get("organizer") or {}),
        attendees=_attendees(event, me),
        links=find_meeting_links(_conference(event), location, texts),
        url=_text(event.get("webLink")),
        visibility=_VISIBILITIES.get(_word(event.get("sensitivity")), Visibility.DEFAULT),
        is_busy=_word(event.get("showAs")) not in _NOT_BUSY,
    )


def _places(event: wire.Event) -> Iterator[str | None]:
    """Where else a link may stand: the address of the location, and of an event with several all others."""
    yield _text((event.get("location") or {}).get("locationUri"))
    for place in event.get("locations") or ():
        yield from (_text(place.get("displayName")), _text(place.get("locationUri")))


def _text(value: str | None) -> str | None:
    return None if value is None else value.strip() or None


def _word(value: str | None) -> str:
    return (value or "").lower()


def _description(body: wire.ItemBody) -> str | None:
    """Text was asked for; what is HTML all the same is read as a reader would."""
    content = _text(body.get("content"))
    if content is not None and _word(body.get("contentType")) == "html":
        return visible_text(content) or None
    return None if content is None else content.replace("\r\n", "\n")


def _conference(event: wire.Event) -> list[str]:
    """`onlineMeetingUrl` is the field of old: Graph fills in no more than one of both."""
    addresses = ((event.get("onlineMeeting") or {}).get("joinUrl"), event.get("onlineMeetingUrl"))
    return [address for address in addresses if address]


def _attendees(event: wire.Event, me: str | None) -> tuple[Attendee, ...]:
    """What the user answered stands at the event: in an attendee's mailbox nobody keeps the list up to date."""
    own = (event.get("responseStatus") or {}).get("response")
    found = (_attendee(written, me, own) for written in event.get("attendees") or ())
    named = {(one.email or one.name): one for one in found if one.email or one.name}
    return tuple(sorted(named.values(), key=lambda one: (one.email or "", one.name or "")))


def _attendee(written: wire.Attendee, me: str | None, own: str | None) -> Attendee:
    person = _person(written) or Person(None)
    is_self = person.email is not None and person.email == me
    said = (written.get("status") or {}).get("response")
    kind = _word(written.get("type"))
    return Attendee(
        email=person.email,
        name=person.name,
        response=_response((own, said) if is_self else (said,)),
        is_optional=kind == "optional",
        is_resource=kind == "resource",
        is_self=is_self,
    )


def _response(said: Iterable[str | None]) -> ResponseStatus:
    """The first that is an answer."""
    answers = (_RESPONSES.get(_word(each)) for each in said)
    return next((answer for answer in answers if answer is not None), ResponseStatus.NEEDS_ACTION)


def _person(written: wire.Recipient) -> Person | None:
    """An address that is none but Exchange's own (`/o=ExchangeLabs/…`) is left out, as is a name that repeats it."""
    address = written.get("emailAddress") or {}
    email = (_text(address.get("address")) or "").lower()
    name = _text(address.get("name"))
    if name is not None and name.lower() == email:
        name = None
    return Person(email if "@" in email else None, name) if name or "@" in email else None
