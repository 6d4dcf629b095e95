"""The WebSockets that are open: who opened each, whether they still may have it, and the end of all of them."""

import asyncio
from collections import Counter
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar, cast

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection

from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.errors import NotAuthenticated, ProviderError, Refusal, StoreUnavailable
from calendar_sync.domain.identifiers import UserId
from calendar_sync.web.authentication import Credentials, admit, count_request, credentials_of, services_of

MOST_OF_ONE_USER = 20
_GOODBYE_SECONDS = 0.5
_REST_SECONDS = 1.0

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Visitor:
    """The user who opened a WebSocket, and what they showed."""

    connection: HTTPConnection
    credentials: Credentials
    actor: Actor

    @classmethod
    async def introduced(cls, connection: HTTPConnection, payload: Mapping[str, object], origin: str) -> Self:
        """Credentials are the headers of the upgrade, and members of `payload` (of `connection_init`) named like them.

        Of a browser's page from elsewhere than `origin` the headers count for nothing. No cookie is ever read here,
        and a page can set no header of an upgrade, so there is nothing that a browser would send for the page without
        its knowing it (cross-site WebSocket hijacking); but a proxy in front may add credentials to whatever passes.
        What a page says in `connection_init` it knows itself, wherever it comes from.

        Raises what `admit` does.
        """
        theirs = connection.headers.get("origin", origin)
        headers = connection.headers.raw if theirs == origin else []
        said = [(name.lower().encode(), value.encode()) for name, value in payload.items() if isinstance(value, str)]
        credentials = credentials_of(Headers(raw=[*headers, *said]))
        return cls(connection, credentials, await admit(connection, credentials))

    async def recheck(self) -> None:
        """Raises `NotAuthenticated` where the credentials do not stand any more for the same user in the same role.

        Nobody is sent away because that cannot be told just now.
        """
        with suppress(StoreUnavailable, ProviderError):
            access, shown = services_of(self.connection).access, self.credentials
            if await access.authenticate(bearer=shown.bearer, api_key=shown.api_key) != self.actor:
                raise NotAuthenticated("What you may do has changed; connect again.", reason="TOKEN_INVALID")

    def count_operation(self) -> None:
        """Raises `TooManyRequests`."""
        count_request(self.connection, self.actor)


@dataclass(slots=True)
class Sockets:
    """Those of this process."""

    closing: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when all of them are to be closed."""
    _open: set[asyncio.Task[Any]] = field(default_factory=set)
    _users: Counter[UserId] = field(default_factory=Counter)
    _begun: set[asyncio.Task[Any]] = field(default_factory=set)

    @contextmanager
    def opened(self) -> Iterator[None]:
        """While the task that is running serves one."""
        task = cast("asyncio.Task[Any]", asyncio.current_task())
        self._open.add(task)
        try:
            yield
        finally:
            self._open.discard(task)

    @contextmanager
    def held_by(self, user: UserId) -> Iterator[None]:
        """While it is that user's. Raises `Refusal`."""
        if self._users[user] >= MOST_OF_ONE_USER:
            raise Refusal(f"A user may have {MOST_OF_ONE_USER} WebSockets open at a time.")
        self._users[user] += 1
        try:
            yield
        finally:
            self._users[user] -= 1
            if not self._users[user]:
                del self._users[user]

    async def see_through(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Its result. It goes on to its end where the caller is cancelled, as a request does without its client."""
        task = asyncio.create_task(work)
        self._begun.add(task)
        task.add_done_callback(self._begun.discard)
        return await asyncio.shield(task)

    async def close(self) -> None:
        """Close them all. One whose client does not read is left."""
        self.closing.set()
        if self._open:
            await asyncio.wait(self._open, timeout=_GOODBYE_SECONDS)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close them, and give what must be seen through a moment to end."""
        await self.close()
        if self._begun:
            await asyncio.wait(self._begun, timeout=_REST_SECONDS)
        for task in self._begun:
            task.cancel()
        await asyncio.gather(*self._begun, return_exceptions=True)


def sockets_of(connection: HTTPConnection) -> Sockets:
    """What the lifespan of the app opened."""
    return cast(Sockets, connection.state.sockets)
