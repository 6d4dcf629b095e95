"""Questions to the API of one account that is read by OAuth: the token, renewed where it is refused, and JSON."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from calendar_sync.domain.errors import BadResponse, Disconnected
from calendar_sync.domain.oauth import TokenSource
from providers.responses import Classify
from providers.transport import GuardedClient

_MAX_BYTES = 64 * 1024 * 1024
_DEADLINE = 120.0
_READ_IN_PLACE = 64 * 1024

Json = dict[str, Any]


class TokenRefused(Disconnected):
    """The access token is no longer valid (401). Another one may be."""


class NoTokens:
    """The `TokenSource` of an account that has none: it is disconnected, as its first request says."""

    async def token(self) -> str:
        raise Disconnected

    async def renew(self, refused: str) -> str:
        raise Disconnected


@dataclass(frozen=True, slots=True)
class Dialect:
    """What vendors differ in: what their refusals mean, `TokenRefused` among them, and what else they want to be told.

    `misread` is the sentence for an answer that is not a JSON object.
    """

    classify: Classify
    misread: str
    headers: Mapping[str, str] = field(default_factory=dict)


class BearerSession:
    """A token that is refused is renewed once for each question."""

    def __init__(self, http: GuardedClient, tokens: TokenSource | None, dialect: Dialect) -> None:
        self._http = http
        self._tokens = tokens or NoTokens()
        self._dialect = dialect

    @property
    def requests(self) -> int:
        return self._http.requests

    async def get(self, url: str, *, label: str = "") -> Json:
        """The JSON object at an address. Raises any `ProviderError`; a token refused twice is `Disconnected`.

        `label` is the kind of request where the vendor counts some apart (`providers.limits`).
        """
        body = await self._answer("GET", url, b"", label)
        if len(body) <= _READ_IN_PLACE:
            return self._object(body)
        return await asyncio.to_thread(self._object, body)

    async def send(self, method: str, url: str, content: Json | None = None) -> Json:
        """Send a JSON object, or nothing; the one that comes back, empty where none does. Raises as `get`."""
        body = await self._answer(method, url, b"" if content is None else json.dumps(content).encode())
        return self._object(body) if body else {}

    async def _answer(self, method: str, url: str, content: bytes, label: str = "") -> bytes:
        token = await self._tokens.token()
        try:
            return await self._ask(method, url, content, token, label)
        except TokenRefused:
            token = await self._tokens.renew(token)
        try:
            return await self._ask(method, url, content, token, label)
        except TokenRefused as err:
            raise Disconnected from err

    async def _ask(self, method: str, url: str, content: bytes, token: str, label: str) -> bytes:
        headers = {"Authorization": f"Bearer {token}", **self._dialect.headers}
        if content:
            headers["Content-Type"] = "application/json"
        response = await self._http.request(
            method,
            url,
            headers,
            content,
            max_bytes=_MAX_BYTES,
            deadline=_DEADLINE,
            classify=self._dialect.classify,
            label=label,
        )
        return response.body

    def _object(self, body: bytes) -> Json:
        try:
            answer = json.loads(body)
        except (ValueError, RecursionError) as err:
            raise BadResponse(self._dialect.misread) from err
        if not isinstance(answer, dict):
            raise BadResponse(self._dialect.misread)
        return answer
