"""The requests of CalDAV, and which answers are errors whatever was asked."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace

from calendar_sync.domain.errors import AddressRefused, BadResponse, Disconnected, ProviderError
from providers.caldav import hrefs
from providers.caldav.wire import Multistatus, propfind, read_multistatus
from providers.responses import Response, classify
from providers.transport import GuardedClient

REFUSED = "The server refused the username or password."
ELSEWHERE = "The server keeps its calendars on another host; connect with that host's address instead."

_MAX_BYTES = 32 * 1024 * 1024
_SHORT_DEADLINE = 20.0
"""For a question about one resource: somebody may be waiting."""

_DEADLINE = 60.0
"""For a list, which some servers take long to make."""

_READ_IN_PLACE = 256 * 1024
_ALWAYS_ERRORS = frozenset({408, 425, 429, 502, 503, 504})


class Forbidden(BadResponse):
    """The account may not read this (403)."""


class DavSession:
    """Sends requests for one account. What comes back is the answer, whatever its status, except where the status
    says the same to every question: 401 is `Disconnected`, and throttling and outages are `RateLimited` and
    `Unavailable`. A 401 from a host that was not shown the password is `AddressRefused`.
    """

    def __init__(self, http: GuardedClient, admits: Callable[[str], bool]) -> None:
        """`admits` says to which addresses the account's password may go."""
        self._http = http
        self.admits = admits

    @property
    def requests(self) -> int:
        return self._http.requests

    async def propfind(self, url: str, names: Iterable[str], *, depth: int) -> Response:
        deadline = _DEADLINE if depth else _SHORT_DEADLINE
        return await self._send("PROPFIND", url, _dav_headers(depth), propfind(names), deadline)

    async def report(self, url: str, body: bytes, *, depth: int) -> Response:
        return await self._send("REPORT", url, _dav_headers(depth), body, _DEADLINE)

    async def get(self, url: str) -> Response:
        return await self._send("GET", url, {"Accept": "text/calendar"}, b"", _SHORT_DEADLINE)

    async def _send(self, method: str, url: str, headers: dict[str, str], body: bytes, deadline: float) -> Response:
        return await self._http.request(
            method, url, headers, body, max_bytes=_MAX_BYTES, deadline=deadline, classify=self._classify
        )

    def _classify(self, response: Response) -> ProviderError | None:
        if response.status == 401:
            return Disconnected(REFUSED) if self.admits(response.url) else AddressRefused(ELSEWHERE)
        return classify(response) if response.status in _ALWAYS_ERRORS else None


def _dav_headers(depth: int) -> dict[str, str]:
    return {"Content-Type": "application/xml; charset=utf-8", "Depth": str(depth)}


async def multistatus(response: Response) -> Multistatus:
    """The multistatus in an answer; a large one is read in a thread.

    Raises what its status means where it is not 207, and `BadResponse` where the body is not what it should be. Some
    servers wrap even "not found" in a 207: what is said so of the resource that was asked for is raised as well.
    """
    if response.status != 207:
        raise refusal(response)
    if len(response.body) <= _READ_IN_PLACE:
        answer = read_multistatus(response.body)
    else:
        answer = await asyncio.to_thread(read_multistatus, response.body)
    status = _own_status(response.url, answer)
    if status in {403, 404, 410}:
        raise refusal(replace(response, status=status))
    return answer


def _own_status(url: str, answer: Multistatus) -> int | None:
    """The status of the very resource that was asked, where an answer gives one."""
    key = hrefs.as_collection(hrefs.key(url))
    for resource in answer.resources:
        if resource.status is not None:
            named = hrefs.resolve(url, resource.href)
            if named is not None and hrefs.as_collection(hrefs.key(named)) == key:
                return resource.status
    return None


def refusal(response: Response) -> ProviderError:
    """The error that an answer stands for which is not the one that was wanted."""
    if response.status == 403:
        return Forbidden("The server does not let this account read the calendar.")
    return classify(response) or BadResponse("The server's answer is not a multistatus.")
