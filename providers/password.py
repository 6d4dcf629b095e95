"""A user name and a password over HTTP: Basic at once, Digest where the server asks for it."""

import re
from collections.abc import Generator

import httpx

_SCHEME = re.compile(r"(?:^|,)\s*(?P<scheme>[A-Za-z][A-Za-z0-9-]*)\s+(?=[A-Za-z]+\s*=)")


class PasswordAuth(httpx.Auth):
    """Basic (RFC 7617) is sent with the first request already: some servers challenge nobody (Yahoo), others challenge
    with a scheme of their own first (iCloud). A 401 that offers Digest (RFC 7616) and not Basic is answered in Digest,
    and so is everything after it.
    """

    def __init__(self, username: str, password: str) -> None:
        self._basic = httpx.BasicAuth(username, password)
        self._digest = httpx.DigestAuth(username, password)
        self._use_digest = False

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        if self._use_digest:
            yield from self._answer(request, None)
            return
        response = yield next(self._basic.auth_flow(request))
        if response.status_code == 401 and digest_challenge(response) is not None:
            self._use_digest = True
            del request.headers["Authorization"]
            yield from self._answer(request, response)

    def _answer(
        self, request: httpx.Request, challenge: httpx.Response | None
    ) -> Generator[httpx.Request, httpx.Response, None]:
        """Let `httpx.DigestAuth` speak. `challenge` is the 401 already at hand, so that it is not asked for again."""
        flow = self._digest.auth_flow(request)
        try:
            request = next(flow)
            while True:
                response = (yield request) if challenge is None else challenge
                challenge = None
                request = flow.send(_with_digest_only(response))
        except StopIteration:
            return
        except (httpx.ProtocolError, KeyError, ValueError, NotImplementedError):
            return  # a challenge that cannot be answered: the 401 stands


def digest_challenge(response: httpx.Response) -> str | None:
    """The Digest challenge of a 401, unless Basic is on offer too; servers write challenges in one header or many."""
    challenges: dict[str, str] = {}
    for header in response.headers.get_list("www-authenticate"):
        found = list(_SCHEME.finditer(header))
        ends = [match.start() for match in found[1:]] + [len(header)]
        for match, end in zip(found, ends, strict=True):
            challenges.setdefault(match["scheme"].lower(), header[match.start("scheme") : end])
    return None if "basic" in challenges else challenges.get("digest")


def _with_digest_only(response: httpx.Response) -> httpx.Response:
    challenge = digest_challenge(response)
    headers = {} if challenge is None else {"www-authenticate": challenge}
    return httpx.Response(response.status_code, headers=headers, request=response.request)
