"""The simulator means the same as real servers where all are asked the same.

Every question goes to Radicale, to Xandikos and to the simulator. What they answer is reduced to its meaning, for
spellings, prefixes and details of status differ; the meanings must be equal.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count

import httpx
import pytest

from providers.caldav import hrefs
from providers.caldav.wire import (
    CALDAV,
    CALENDAR,
    DAV,
    Multistatus,
    calendar_multiget,
    calendar_query,
    propfind,
    read_conditions,
    read_multistatus,
    sync_collection,
)
from simulators.server import ServerThread
from tests.providers.caldav.builders import PASSWORD, USER, a_simulator, an_object, calendar_object
from tests.providers.caldav.servers import PLAIN, radicale, xandikos
from tests.providers.contract import Meeting

TASK = "BEGIN:VTODO\r\nUID:task\r\nDTSTAMP:20260101T000000Z\r\nSUMMARY:Task\r\nEND:VTODO\r\n"
WEEKLY = (
    "BEGIN:VEVENT\r\nUID:weekly\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20260105T090000Z\r\n"
    "DTEND:20260105T100000Z\r\nRRULE:FREQ=WEEKLY;COUNT=4\r\nSUMMARY:Weekly\r\nEND:VEVENT\r\n"
)


@dataclass(slots=True)
class Peer:
    """One server, and a calendar of its own for each test."""

    name: str
    client: httpx.Client
    home: str
    numbers: Iterator[int] = field(default_factory=count)
    calendar: str = ""

    def new_calendar(self) -> int:
        self.calendar = f"{self.home}calendar-{next(self.numbers)}/"
        return self.client.request("MKCALENDAR", self.calendar).status_code

    def put(self, name: str, content: str, **conditions: str) -> httpx.Response:
        headers = {"Content-Type": "text/calendar; charset=utf-8", **_fields(conditions)}
        return self.client.put(f"{self.calendar}{name}", content=content.encode(), headers=headers)

    def delete(self, name: str, **conditions: str) -> httpx.Response:
        return self.client.delete(f"{self.calendar}{name}", headers=_fields(conditions))

    def etag(self, name: str) -> str:
        return self.client.get(f"{self.calendar}{name}").headers["etag"]

    def ask(self, method: str, body: bytes, depth: str, path: str | None = None) -> httpx.Response:
        headers = {"Depth": depth, "Content-Type": "application/xml; charset=utf-8"}
        return self.client.request(method, path or self.calendar, content=body, headers=headers)

    def multistatus(self, method: str, body: bytes, depth: str, path: str | None = None) -> Multistatus:
        answer = self.ask(method, body, depth, path)
        assert answer.status_code == 207, self.name
        return read_multistatus(answer.content)

    def names(self, answer: Multistatus) -> dict[str, int | None]:
        """The members in an answer by name, each with its status (`None` where it is there)."""
        keys = {hrefs.key(f"http://server{each.href}"): each.status for each in answer.resources}
        own = hrefs.key(f"http://server{self.calendar}")
        return {key.removeprefix(own): status for key, status in keys.items()}

    def is_there(self, path: str) -> bool:
        """Xandikos answers 207 even for what is not there, and says so inside."""
        answer = self.ask("PROPFIND", propfind(CALENDAR), "0", path)
        return answer.status_code == 207 and read_multistatus(answer.content).resources[0].status is None

    def sync(self, token: str | None = None) -> Multistatus:
        return self.multistatus("REPORT", sync_collection(token), "0")


def _fields(conditions: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in conditions.items()}


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sequence[Peer]]:
    simulator, _ = a_simulator()
    with (
        radicale(tmp_path_factory.mktemp("radicale")) as radicale_url,
        xandikos(tmp_path_factory.mktemp("xandikos")) as xandikos_url,
        ServerThread(simulator) as simulator_url,
        httpx.Client(base_url=radicale_url, verify=PLAIN, trust_env=False, headers={"X-Remote-User": USER}) as first,
        httpx.Client(base_url=xandikos_url, verify=PLAIN, trust_env=False) as second,
        httpx.Client(base_url=simulator_url, verify=PLAIN, trust_env=False, auth=(USER, PASSWORD)) as third,
    ):
        first.request("PROPFIND", f"/{USER}/", headers={"Depth": "0"})  # makes the user's home
        yield (
            Peer("radicale", first, f"/{USER}/"),
            Peer("xandikos", second, "/user/calendars/"),
            Peer("simulator", third, f"/{USER}/"),
        )


@pytest.fixture
def peers(servers: Sequence[Peer]) -> Sequence[Peer]:
    for peer in servers:
        assert peer.new_calendar() == 201
    return servers


def all_say(meanings: dict[str, object], expected: object) -> None:
    assert meanings == dict.fromkeys(meanings, expected)


def test_the_well_known_address_leads_to_the_server(servers: Sequence[Peer]) -> None:
    def leads(peer: Peer) -> object:
        answer = peer.client.request("PROPFIND", "/.well-known/caldav", headers={"Depth": "0"})
        return answer.is_redirect, httpx.URL(answer.headers["location"]).path

    all_say({peer.name: leads(peer) for peer in servers}, (True, "/"))


def test_the_root_names_the_principal_and_that_the_home(servers: Sequence[Peer]) -> None:
    def home(peer: Peer) -> object:
        body = propfind([f"{DAV}current-user-principal", f"{CALDAV}calendar-home-set"])
        (root,) = peer.multistatus("PROPFIND", body, "0", "/").resources
        (principal,) = root.hrefs(f"{DAV}current-user-principal")
        (there,) = peer.multistatus("PROPFIND", body, "0", principal).resources
        return there.hrefs(f"{CALDAV}calendar-home-set") == (peer.home,)

    all_say({peer.name: home(peer) for peer in servers}, True)


def test_a_home_lists_the_calendar_as_one_that_can_sync(peers: Sequence[Peer]) -> None:
    def listed(peer: Peer) -> object:
        answer = peer.multistatus("PROPFIND", propfind(CALENDAR), "1", peer.home)
        (calendar,) = (each for each in answer.resources if each.href == peer.calendar)
        is_calendar = f"{CALDAV}calendar" in calendar.children(f"{DAV}resourcetype")
        reports = calendar.children(f"{DAV}supported-report-set")
        return is_calendar, f"{DAV}sync-collection" in reports, calendar.text(f"{DAV}sync-token") is not None

    all_say({peer.name: listed(peer) for peer in peers}, (True, True, True))


def test_the_version_of_a_calendar_changes_with_its_content_and_only_then(peers: Sequence[Peer]) -> None:
    def version(peer: Peer) -> tuple[str | None, ...]:
        names = (f"{DAV}sync-token", "{http://calendarserver.org/ns/}getctag")
        (calendar,) = peer.multistatus("PROPFIND", propfind(names), "0").resources
        return tuple(calendar.text(name) for name in names)

    def changes(peer: Peer) -> object:
        before, again = version(peer), version(peer)
        peer.put("a.ics", an_object(Meeting("a")))
        then = version(peer)
        return before == again, all(one != other for one, other in zip(before, then, strict=True)), None in then

    all_say({peer.name: changes(peer) for peer in peers}, (True, True, False))


def test_the_token_of_a_listing_is_that_of_a_report(peers: Sequence[Peer]) -> None:
    def is_same(peer: Peer) -> object:
        peer.put("a.ics", an_object(Meeting("a")))
        (calendar,) = peer.multistatus("PROPFIND", propfind([f"{DAV}sync-token"]), "0").resources
        return calendar.text(f"{DAV}sync-token") == peer.sync().sync_token

    all_say({peer.name: is_same(peer) for peer in peers}, True)


def test_writes_obey_their_conditions(peers: Sequence[Peer]) -> None:
    def statuses(peer: Peer) -> object:
        content, changed = an_object(Meeting("a")), an_object(Meeting("a", "Moved"))
        made = peer.put("a.ics", content, If_None_Match="*").status_code
        made_again = peer.put("a.ics", content, If_None_Match="*").status_code
        etag = peer.etag("a.ics")
        wrong = peer.put("a.ics", changed, If_Match='"wrong"').status_code
        right = peer.put("a.ics", changed, If_Match=etag).is_success
        stale = peer.delete("a.ics", If_Match=etag).status_code
        gone = peer.delete("a.ics", If_Match=peer.etag("a.ics")).is_success
        return made, made_again, wrong, right, stale, gone, peer.client.get(f"{peer.calendar}a.ics").status_code

    all_say({peer.name: statuses(peer) for peer in peers}, (201, 412, 412, True, 412, True, 404))


def test_an_etag_changes_with_the_object_and_is_the_same_wherever_it_is_told(peers: Sequence[Peer]) -> None:
    def etags(peer: Peer) -> object:
        peer.put("a.ics", an_object(Meeting("a")))
        before = peer.etag("a.ics")
        (listed,) = (each.text(f"{DAV}getetag") for each in peer.sync().resources)
        peer.put("a.ics", an_object(Meeting("a", "Moved")))
        return listed == before, peer.etag("a.ics") != before

    all_say({peer.name: etags(peer) for peer in peers}, (True, True))


def test_a_sync_tells_additions_changes_and_removals_since_its_token(peers: Sequence[Peer]) -> None:
    def told(peer: Peer) -> object:
        for uid in ("kept", "changed", "removed"):
            peer.put(f"{uid}.ics", an_object(Meeting(uid)))
        first = peer.sync()
        peer.put("changed.ics", an_object(Meeting("changed", "Moved")))
        peer.put("added.ics", an_object(Meeting("added")))
        peer.delete("removed.ics")
        then = peer.sync(first.sync_token)
        return peer.names(first), peer.names(then), peer.names(peer.sync(then.sync_token))

    expected: tuple[dict[str, int | None], ...] = (
        {"kept.ics": None, "changed.ics": None, "removed.ics": None},
        {"changed.ics": None, "added.ics": None, "removed.ics": 404},
        {},
    )
    all_say({peer.name: told(peer) for peer in peers}, expected)


def test_an_unknown_token_is_refused_for_being_one(peers: Sequence[Peer]) -> None:
    def refusal(peer: Peer) -> object:
        answer = peer.ask("REPORT", sync_collection("http://nobody.invalid/ns/sync/0"), "0")
        return 400 <= answer.status_code < 500, f"{DAV}valid-sync-token" in read_conditions(answer.content)

    all_say({peer.name: refusal(peer) for peer in peers}, (True, True))


def test_a_multiget_gives_what_is_there_and_says_what_is_not(peers: Sequence[Peer]) -> None:
    def found(peer: Peer) -> object:
        peer.put("a.ics", an_object(Meeting("a")))
        wanted = [f"{peer.calendar}{name}" for name in ("a.ics", "missing.ics")]
        answer = peer.multistatus("REPORT", calendar_multiget(wanted), "1")
        data = {each.href: each.raw_text(f"{CALDAV}calendar-data") or "" for each in answer.resources}
        return peer.names(answer), "UID:a" in data[wanted[0]]

    all_say({peer.name: found(peer) for peer in peers}, ({"a.ics": None, "missing.ics": 404}, True))


def test_a_query_for_events_leaves_tasks_out(peers: Sequence[Peer]) -> None:
    def found(peer: Peer) -> object:
        peer.put("a.ics", an_object(Meeting("a")))
        peer.put("task.ics", calendar_object(TASK))
        return peer.names(peer.multistatus("REPORT", calendar_query(), "1"))

    all_say({peer.name: found(peer) for peer in peers}, {"a.ics": None})


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC), set()),
        (datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 1, 6, tzinfo=UTC), {"weekly.ics"}),
        (datetime(2026, 1, 26, 9, 30, tzinfo=UTC), datetime(2026, 1, 27, tzinfo=UTC), {"weekly.ics"}),
        (datetime(2026, 1, 13, tzinfo=UTC), datetime(2026, 1, 14, tzinfo=UTC), set()),
        (datetime(2026, 2, 2, tzinfo=UTC), datetime(2026, 2, 3, tzinfo=UTC), set()),
        (datetime(2026, 6, 1, 9, 30, tzinfo=UTC), datetime(2026, 6, 1, 9, 45, tzinfo=UTC), {"a.ics"}),
        (datetime(2026, 6, 1, 10, tzinfo=UTC), datetime(2026, 6, 1, 11, tzinfo=UTC), set()),
        (datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC), {"a.ics", "weekly.ics"}),
    ],
)
def test_a_query_by_time_finds_what_has_an_instance_in_it(
    peers: Sequence[Peer], start: datetime, end: datetime, expected: set[str]
) -> None:
    stamp = "%Y%m%dT%H%M%SZ"
    span = f'<C:time-range start="{start:{stamp}}" end="{end:{stamp}}"/>'.encode()
    query = calendar_query().replace(b'name="VEVENT"/>', b'name="VEVENT">' + span + b"</C:comp-filter>")

    def found(peer: Peer) -> object:
        peer.put("a.ics", an_object(Meeting("a")))
        peer.put("weekly.ics", calendar_object(WEEKLY))
        return set(peer.names(peer.multistatus("REPORT", query, "1")))

    all_say({peer.name: found(peer) for peer in peers}, expected)


def test_what_is_no_calendar_object_is_not_taken(peers: Sequence[Peer]) -> None:
    def statuses(peer: Peer) -> object:
        return 400 <= peer.put("a.ics", "Hello").status_code < 500, peer.names(peer.sync())

    all_say({peer.name: statuses(peer) for peer in peers}, (True, {}))


def test_what_is_not_there_is_not_found(peers: Sequence[Peer]) -> None:
    def statuses(peer: Peer) -> object:
        return peer.is_there(f"{peer.home}nowhere/"), peer.delete("missing.ics").status_code

    all_say({peer.name: statuses(peer) for peer in peers}, (False, 404))


def test_a_calendar_can_be_removed(peers: Sequence[Peer]) -> None:
    def statuses(peer: Peer) -> object:
        before = peer.is_there(peer.calendar)
        return before, peer.delete("").is_success, peer.is_there(peer.calendar)

    all_say({peer.name: statuses(peer) for peer in peers}, (True, True, False))
