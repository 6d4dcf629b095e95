"""The server as a caller meets it: the real application over a real store, and feeds on a loopback port behind it."""

from base64 import urlsafe_b64encode
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from itertools import count
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from calendar_sync.app import create_app
from calendar_sync.services import Services
from calendar_sync.settings import Settings
from simulators.ics.app import IcsSimulator
from simulators.ics.feeds import Feed
from simulators.server import serving

SYNC = "/v1/meeting-buddy/calendar/sync"
EVENTS = "/v1/meeting-buddy/calendar/events"
CONNECTIONS = "/v1/meeting-buddy/calendar/connections"
ORG_CONNECTIONS = "/v1/meeting-buddy/calendar/org-connections"
AUTO_JOIN_RULES = "/v1/meeting-buddy/auto-join/rules"
TOMORROW = datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(days=1)


@dataclass(frozen=True)
class Door:
    app: Starlette
    services: Services
    state: Mapping[str, Any]
    feeds: IcsSimulator
    feeds_address: str
    _numbers: "count[int]" = field(default_factory=count)

    def asking(
        self, key: str | None = None, *, host: str = "127.0.0.1", headers: Mapping[str, str] | None = None
    ) -> httpx.AsyncClient:
        """A client that shows `key`, and comes from `host`."""
        shown = {"x-api-key": key} if key else {}
        transport = httpx.ASGITransport(self.with_state, client=(host, 50_000))
        return httpx.AsyncClient(transport=transport, base_url="http://test", headers={**shown, **(headers or {})})

    async def with_state(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The application for a server that runs no lifespan."""
        await self.app({**scope, "state": dict(self.state)}, receive, send)

    async def user(self, organization: str | None = None, *, is_admin: bool = False) -> str:
        """The e-mail address of a new user."""
        email = f"user{next(self._numbers)}@example.com"
        await self.services.access.create_user(email, organization, is_admin)
        return email

    def organization(self) -> str:
        """The name of one that is not there yet."""
        return f"Organisation {next(self._numbers)}"

    async def key(self, email: str | None = None) -> str:
        """A new key, of a new user unless one is named."""
        return (await self.services.access.create_key(email or await self.user()))[1]

    async def admin_key(self, organization: str | None = None) -> str:
        """A new key of a new administrator, in an organisation of their own unless one is named."""
        return await self.key(await self.user(organization or self.organization(), is_admin=True))

    def feed(self) -> Feed:
        """A new, empty one."""
        return self.feeds.feed(f"feed{next(self._numbers)}")

    def request_for(self, feed: Feed) -> dict[str, object]:
        """The body of a request to connect a feed."""
        return {"provider": "ics", "credentials": {"url": self.url_of(feed)}}

    def url_of(self, feed: Feed) -> str:
        return f"{self.feeds_address}/feeds/{feed.name}.ics"

    async def connect(self, client: httpx.AsyncClient, feed: Feed) -> str:
        """Connect a feed that is there; gives the connection's `credential_id`."""
        answer = await client.post(CONNECTIONS, json=self.request_for(feed))
        assert answer.status_code == 201, answer.text
        credential_id: str = answer.json()["credential_id"]
        return credential_id


@asynccontextmanager
async def a_door(database_url: str, **settings: object) -> AsyncGenerator[Door]:
    """The application on a migrated store; further keywords are settings."""
    usual = {
        "database_url": database_url,
        "encryption_keys": urlsafe_b64encode(b"k" * 32).decode(),
        "allowed_private_networks": [ip_network("127.0.0.0/8")],
    }
    chosen = Settings.model_validate({**usual, **settings})
    app, feeds = create_app(chosen), IcsSimulator()
    async with serving(feeds.app) as address, app.router.lifespan_context(app) as state:
        assert state is not None
        state["services"].worker.start()  # as `serve` does
        yield Door(app, state["services"], state, feeds, address)


def code_of(answer: httpx.Response) -> str:
    """Of an error in the documented envelope, which it checks on the way."""
    envelope = answer.json()
    error = envelope["error"]
    assert set(envelope) == {"success", "error"}
    assert set(error) == {"code", "message", "type", "status", "details", "trace_id", "timestamp"}
    assert envelope["success"] is False
    assert error["status"] == answer.status_code
    assert error["trace_id"] == answer.headers["x-request-id"]
    code: str = error["code"]
    return code
