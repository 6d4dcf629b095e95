"""The least that reads a Google account by OAuth: its list of calendars, and of each calendar that it has no events."""

import ssl
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx

from calendar_sync.domain.errors import Invalid
from calendar_sync.domain.events import Window
from calendar_sync.domain.oauth import TokenSource
from calendar_sync.domain.providers import (
    Account,
    ChangePage,
    Cursor,
    ProviderClient,
    ProviderName,
    RemoteCalendar,
)


@dataclass(frozen=True)
class Reader:
    """`url` is the simulated Google's. It never sees more of an account than its tokens."""

    url: str
    ssl_context: ssl.SSLContext
    name: ProviderName = ProviderName.GOOGLE_CALENDAR

    async def connect(self, credentials: Mapping[str, str]) -> Account:
        raise Invalid("Google is connected by consent.", field="credentials")

    @asynccontextmanager
    async def open(self, account: Account) -> AsyncGenerator[ProviderClient]:
        assert account.tokens is not None
        assert account.credentials == {}
        async with httpx.AsyncClient(
            base_url=f"{self.url}/calendar/v3/", trust_env=False, verify=self.ssl_context
        ) as http:
            yield ReaderClient(http, account.tokens)


@dataclass
class ReaderClient:
    http: httpx.AsyncClient
    tokens: TokenSource
    requests: int = 0

    async def calendars(self) -> AsyncGenerator[RemoteCalendar]:
        for item in (await self._get("users/me/calendarList")).json()["items"]:
            yield RemoteCalendar(item["id"], name=item["summary"])

    async def changes(
        self, calendar: RemoteCalendar, since: Cursor | None, window: Window
    ) -> AsyncGenerator[ChangePage]:
        yield ChangePage((), Cursor("1"))

    async def _get(self, path: str) -> httpx.Response:
        token = await self.tokens.token()
        answer = await self._send(path, token)
        if answer.status_code == 401:
            answer = await self._send(path, await self.tokens.renew(token))
        assert answer.status_code == 200, answer.text
        return answer

    async def _send(self, path: str, token: str) -> httpx.Response:
        self.requests += 1
        return await self.http.get(path, headers={"authorization": f"Bearer {token}"})
