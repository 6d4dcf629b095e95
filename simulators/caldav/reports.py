"""REPORT: sync-collection (RFC 6578), calendar-multiget and calendar-query (RFC 4791 §7)."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from lxml import etree

from simulators.caldav.dav import CALDAV, DAV, DavResponse, Writer
from simulators.caldav.filters import UnsupportedFilter, matches
from simulators.caldav.paths import Collection, Member, Paths
from simulators.caldav.properties import Properties
from simulators.caldav.quirks import Quirks
from simulators.caldav.store import UnknownToken, User


class Refused(Exception):
    """The report cannot be given: `status`, and the violated precondition or a body of the server's own."""

    def __init__(
        self, status: int, condition: str | None = None, body: str | None = None, content_type: str | None = None
    ) -> None:
        super().__init__(status)
        self.status = status
        self.condition = condition
        self.body = body
        self.content_type = content_type


@dataclass(frozen=True, slots=True)
class Reports:
    paths: Paths
    properties: Properties
    quirks: Quirks

    def answer(self, node: Collection, report: etree._Element, depth: str | None, asker: User | None) -> bytes:
        """The multistatus that a report on a calendar comes to. Raises `Refused`."""
        writer = Writer(self.quirks.numbered_prefixes, self.quirks.token_first)
        prop = report.find(f"{DAV}prop")
        wanted = [str(name.tag) for name in prop] if prop is not None else []
        match report.tag:
            case "{DAV:}sync-collection" if self.quirks.supports_sync_collection:
                responses, token = self._sync(node, report, depth, wanted, asker)
                return writer.multistatus(responses, token)
            case "{urn:ietf:params:xml:ns:caldav}calendar-multiget" if self.quirks.supports_multiget:
                return writer.multistatus(self._multiget(node, report, wanted, asker))
            case "{urn:ietf:params:xml:ns:caldav}calendar-query" if self.quirks.supports_query:
                return writer.multistatus(self._query(node, report, wanted, asker))
        raise Refused(403, f"{DAV}supported-report")

    def _sync(
        self, node: Collection, report: etree._Element, depth: str | None, wanted: list[str], asker: User | None
    ) -> tuple[list[DavResponse], str]:
        if depth not in {None, "0"} or report.findtext(f"{DAV}sync-level") not in {"1", "infinite"}:
            raise Refused(400)
        calendar = node.calendar
        since = self._since(node, (report.findtext(f"{DAV}sync-token") or "").strip())
        changes = calendar.changes_since(since)
        page = changes[: self.quirks.page_size] if self.quirks.page_size else changes
        responses = [self._change(node, name, wanted, asker) for _, name in page]
        if not since:
            responses += [self._change(node, name, wanted, asker, ghost=True) for name in self.quirks.ghosts]
        responses += self._oddities(node, responses, wanted, asker)
        if len(page) == len(changes):
            return responses, calendar.sync_token
        cut = DavResponse(self.paths.href(node), status=507, condition=f"{DAV}number-of-matches-within-limits")
        reached = since if self.quirks.stuck_token else page[-1][0]
        return [*responses, cut], calendar.token_of(reached)

    def _since(self, node: Collection, token: str) -> int:
        if not token and self.quirks.refuses_initial_sync:
            raise Refused(507, f"{DAV}number-of-matches-within-limits")
        try:
            return node.calendar.revision_of(token) if token else 0
        except UnknownToken as err:
            quirks = self.quirks
            condition = f"{DAV}valid-sync-token"
            raise Refused(quirks.expired_status, condition, quirks.expired_body, quirks.expired_content_type) from err

    def _change(
        self, node: Collection, name: str, wanted: list[str], asker: User | None, *, ghost: bool = False
    ) -> DavResponse:
        member = self.paths.member(node.user, node.calendar, name)
        if member.stored is None and not ghost:
            return DavResponse(self.paths.href(member), status=404)
        return self.properties.describe(member, wanted, asker)

    def _oddities(
        self, node: Collection, responses: list[DavResponse], wanted: list[str], asker: User | None
    ) -> Iterator[DavResponse]:
        if self.quirks.lists_itself:
            yield self.properties.describe(node, wanted, asker)
        for href in self.quirks.foreign_hrefs:
            yield DavResponse(href, missing=wanted)
        if self.quirks.lists_twice:
            yield from tuple(responses)

    def _multiget(
        self, node: Collection, report: etree._Element, wanted: list[str], asker: User | None
    ) -> Iterator[DavResponse]:
        for href in report.iterchildren(f"{DAV}href"):
            member = self.paths.find(urlsplit((href.text or "").strip()).path)
            if not isinstance(member, Member) or member.user is not node.user or member.stored is None:
                yield DavResponse((href.text or "").strip(), status=404)
            elif member.name not in self.quirks.mute:
                yield self.properties.describe(member, wanted, asker)

    def _query(
        self, node: Collection, report: etree._Element, wanted: list[str], asker: User | None
    ) -> list[DavResponse]:
        data = report.find(f"{DAV}prop/{CALDAV}calendar-data")
        if data is not None and len(data):
            raise Refused(403, f"{CALDAV}supported-calendar-data")
        try:
            found = [stored.name for stored in node.calendar.objects.values() if matches(stored, report)]
        except UnsupportedFilter as err:
            raise Refused(403, f"{CALDAV}supported-filter") from err
        responses = [self._change(node, name, wanted, asker) for name in found]
        responses += [self._change(node, name, wanted, asker, ghost=True) for name in self.quirks.ghosts]
        return [*responses, *self._oddities(node, responses, wanted, asker)]
