"""A user name and a password over HTTP: Basic at once, Digest where the server asks for it."""

import re
from collections.abc import Generator
from urllib.request import parse_http_list

import httpx

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9-]*)(?:\s+(?!=)|\Z)")
"""The first element of a challenge: a scheme and its first parameter, or a scheme alone."""


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
    challenges: dict[str, list[str]] = {}
    for header in response.headers.get_list("www-authenticate"):
        scheme = ""
        for element in parse_http_list(header):
            start = _SCHEME.match(element)
            scheme = start[1].lower() if start else scheme
            challenges.setdefault(scheme, []).append(element)
    digest = challenges.get("digest")
    return None if digest is None or "basic" in challenges else ", ".join(digest)


def _with_digest_only(response: httpx.Response) -> httpx.Response:
    challenge = digest_challenge(response)
    headers = {} if challenge is None else {"www-authenticate": challenge}
    return httpx.Response(response.status_code, headers=headers, request=response.request)
