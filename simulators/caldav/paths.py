"""Where everything is: from a path to what stands there, and back to an href in the server's spelling."""

from dataclasses import dataclass
from urllib.parse import quote, unquote

from simulators.caldav.quirks import Quirks, Spelling
from simulators.caldav.store import Calendar, CalendarObject, Store, User

_PLAIN = "@~!$&'()*+,;=:"


@dataclass(frozen=True, slots=True)
class Root:
    pass


@dataclass(frozen=True, slots=True)
class Principal:
    user: User


@dataclass(frozen=True, slots=True)
class Home:
    user: User


@dataclass(frozen=True, slots=True)
class ScheduleBox:
    """`name` is `inbox` or `outbox` (RFC 6638 §2)."""

    user: User
    name: str


@dataclass(frozen=True, slots=True)
class Collection:
    user: User
    calendar: Calendar


@dataclass(frozen=True, slots=True)
class Member:
    """`stored` is `None` where nothing of that name is (yet)."""

    user: User
    calendar: Calendar
    name: str
    stored: CalendarObject | None


@dataclass(frozen=True, slots=True)
class NewCollection:
    """The name of a calendar that is not there (yet)."""

    user: User
    name: str


Node = Root | Principal | Home | ScheduleBox | Collection | Member | NewCollection


@dataclass(frozen=True, slots=True)
class Paths:
    store: Store
    quirks: Quirks

    def find(self, raw_path: str) -> Node | None:
        """What stands at a path, given as it was sent: percent-encoded."""
        segments = [unquote(segment) for segment in raw_path.split("/") if segment]
        if not segments:
            return Root()
        if segments[0] == "principals" and len(segments) == 2:
            user = self.store.users.get(segments[1])
            return Principal(user) if user else None
        prefix = [segment for segment in self.quirks.home_prefix.split("/") if segment]
        if segments[: len(prefix)] == prefix and len(segments) > len(prefix):
            user = self.store.users.get(segments[len(prefix)])
            return self._below_home(user, segments[len(prefix) + 1 :]) if user else None
        return None

    def _below_home(self, user: User, segments: list[str]) -> Node | None:
        match segments:
            case []:
                return Home(user)
            case [("inbox" | "outbox") as box] if self.quirks.lists_schedule_boxes:
                return ScheduleBox(user, box)
            case [name]:
                calendar = user.calendars.get(name)
                return Collection(user, calendar) if calendar else NewCollection(user, name)
            case [name, member] if name in user.calendars:
                calendar = user.calendars[name]
                return Member(user, calendar, member, calendar.objects.get(member))
        return None

    def href(self, node: Node) -> str:
        return f"{self.quirks.href_origin or ''}{self.path(node)}"

    def path(self, node: Node) -> str:
        if isinstance(node, Root):
            return "/"
        if isinstance(node, Principal):
            return f"/principals/{self._spell(node.user.name)}/"
        home = f"{self.quirks.home_prefix}/{self._spell(node.user.name)}/"
        match node:
            case ScheduleBox(_, name) | NewCollection(_, name):
                return f"{home}{self._spell(name)}/"
            case Collection(_, calendar):
                return f"{home}{self._spell(calendar.name)}/"
            case Member(_, calendar, name, _):
                return f"{home}{self._spell(calendar.name)}/{self._spell(name)}"
        return home

    def below(self, home: Home) -> list[Node]:
        """What a home lists besides itself."""
        boxes = ("inbox", "outbox") if self.quirks.lists_schedule_boxes else ()
        calendars = (Collection(home.user, calendar) for calendar in home.user.calendars.values())
        return [*(ScheduleBox(home.user, name) for name in boxes), *calendars]

    def member(self, user: User, calendar: Calendar, name: str) -> Member:
        return Member(user, calendar, name, calendar.objects.get(name))

    def _spell(self, segment: str) -> str:
        return spell(segment, self.quirks.href_spelling)


def spell(segment: str, spelling: Spelling) -> str:
    if spelling == "plain":
        return quote(segment, safe=_PLAIN)
    if spelling == "mixed":
        return quote(segment, safe=_PLAIN).replace("~", "%7E")
    escaped = (f"%{byte:02x}" if not chr(byte).isalnum() or byte > 127 else chr(byte) for byte in segment.encode())
    return "".join(escaped).replace("%2e", ".")
