"""Those whose calendars are synced: users of several organisations, one of them large, with five accounts each."""

from asyncio import Semaphore, gather
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from secrets import token_bytes
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from bench.scale.vendors import REDIRECT_URI
from calendar_sync.connections.oauth import AuthorizationRequired, Callback
from calendar_sync.domain.accounts import Actor
from calendar_sync.services import Services

_EACH = 5
_SMALL_ORGANIZATIONS = 9


def settings_for(url: str, vendors: Mapping[str, str], interval: float) -> dict[str, str]:
    """The environment of every process of ours, without its prefix."""
    return {
        "DATABASE_URL": url,
        "ENCRYPTION_KEYS": urlsafe_b64encode(token_bytes(32)).decode(),
        "SYNC_INTERVAL_SECONDS": f"{interval:.0f}",
        "ALLOWED_PRIVATE_NETWORKS": "127.0.0.0/8",
        "PUBLIC_URL": REDIRECT_URI.partition("/v1/")[0],
        "LOG_LEVEL": "info",
        **vendors,
    }


@dataclass(frozen=True, slots=True)
class User:
    actor: Actor
    key: str
    accounts: Sequence[str]


@dataclass(slots=True)
class Company:
    """`connections` are the names of the accounts by the connection's id."""

    services: Services
    http: httpx.AsyncClient
    users: list[User] = field(default_factory=list)
    connections: dict[str, str] = field(default_factory=dict)

    async def connect(self, accounts: Sequence[Mapping[str, str]]) -> None:
        """Give every user five of the accounts, and connect them."""
        turns = Semaphore(8)
        for first in range(0, len(accounts), _EACH):
            await self._add_user(accounts[first : first + _EACH], turns)

    async def _add_user(self, accounts: Sequence[Mapping[str, str]], turns: Semaphore) -> None:
        number = len(self.users)
        home = "Large" if number % 2 else f"Small {number // 2 % _SMALL_ORGANIZATIONS}"
        email = f"user{number}@example.com"
        user = await self.services.access.create_user(email, home, is_admin=False)
        _, key = await self.services.access.create_key(email)
        actor = Actor(user.id, user.organization_id)
        await gather(*(self._connect(actor, account, turns) for account in accounts))
        self.users.append(User(actor, key, [account["name"] for account in accounts]))

    async def _connect(self, actor: Actor, account: Mapping[str, str], turns: Semaphore) -> None:
        hint = {"url": account["hint"]} if account["provider"] == "ics" else {"login_hint": account["hint"]}
        async with turns:
            begun = await self.services.connections.start(actor, account["provider"], hint)
            if isinstance(begun, AuthorizationRequired):
                begun = await self.services.connections.complete(await self._allowed(begun.authorization_url))
        self.connections[begun.connection.id] = account["name"]

    async def _allowed(self, address: str) -> Callback:
        """What the vendor sends the user back with, who says yes."""
        given = parse_qs(urlsplit((await self.http.get(address)).headers["location"]).query)
        return Callback(given["state"][0], given["code"][0], issuer=given.get("iss", [None])[0])


async def synced_by_hand(http: httpx.AsyncClient, address: str, user: User) -> Mapping[str, Any]:
    """What GraphQL answers to `syncCalendars`."""
    query = "mutation { syncCalendars { syncedCalendars newEvents updatedEvents errors } }"
    headers = {"Authorization": f"Bearer {user.key}"}
    answer = await http.post(f"{address}/graphql", json={"query": query}, headers=headers)
    return dict(answer.raise_for_status().json())
