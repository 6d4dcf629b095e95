"""The GraphQL door, as a client meets it: the real application over a real store, with feeds behind it."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx

from simulators.ics.feeds import Feed
from tests.web.door import TOMORROW, Door

SYNC = "mutation { syncCalendars { syncedCalendars newEvents updatedEvents removedEvents errors } }"
CONNECT_FEED = """
mutation ($url: String!) {
  connectCalendar(input: {ics: {url: $url}}) {
    ... on Connected { connection { id } }
    ... on Failure { code message field }
  }
}
"""


@dataclass(frozen=True)
class Asking:
    """A client with an API key of its own."""

    door: Door
    client: httpx.AsyncClient

    async def answer(self, query: str, **variables: object) -> httpx.Response:
        return await self.client.post("/graphql", json={"query": query, "variables": variables})

    async def data(self, query: str, **variables: object) -> Any:  # noqa: ANN401 - JSON
        """What is asked for, of an answer without errors."""
        answer = await self.answer(query, **variables)
        body = answer.json()
        assert answer.status_code == 200, body
        assert "errors" not in body, body
        return body["data"]

    async def code(self, query: str, **variables: object) -> str:
        """The code of the one error that is answered."""
        found: str = error_of(await self.answer(query, **variables))["extensions"]["code"]
        return found

    async def connect(self, feed: Feed) -> str:
        """Connect a feed; gives the connection's id."""
        data = await self.data(CONNECT_FEED, url=self.door.url_of(feed))
        found: str = data["connectCalendar"]["connection"]["id"]
        return found

    async def sync(self) -> Any:  # noqa: ANN401 - JSON
        return (await self.data(SYNC))["syncCalendars"]

    async def with_events(self, *titles: str) -> Feed:
        """Connect a feed with these events, an hour each and one after the other from tomorrow on, and sync it."""
        feed = self.door.feed()
        for number, title in enumerate(titles):
            feed.put(f"{number}@{feed.name}", summary=title, start=hour(number))
        await self.connect(feed)
        await self.sync()
        return feed


@asynccontextmanager
async def asking(door: Door) -> AsyncGenerator[Asking]:
    """A new user."""
    async with door.asking(await door.key()) as client:
        yield Asking(door, client)


def hour(number: int) -> datetime:
    return TOMORROW + timedelta(hours=number)


def error_of(answer: httpx.Response) -> Mapping[str, Any]:
    """The one error of an answer, whose form it checks on the way."""
    errors = answer.json()["errors"]
    assert len(errors) == 1, errors
    error: Mapping[str, Any] = errors[0]
    assert set(error["extensions"]) == {"code", "trace_id"}
    assert error["extensions"]["trace_id"] == answer.headers["x-request-id"]
    return error
