"""A client of `graphql-transport-ws` that says what a test wants said, right or wrong."""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosedError
from websockets.typing import Origin, Subprotocol

PROTOCOL = "graphql-transport-ws"


@dataclass(frozen=True)
class Talk:
    socket: ClientConnection

    async def say(self, message: object) -> None:
        """A text as it is, anything else as JSON."""
        await self.socket.send(message if isinstance(message, str | bytes) else json.dumps(message))

    async def introduce(self, payload: Mapping[str, object] | None = None) -> None:
        await self.say({"type": "connection_init", **({} if payload is None else {"payload": payload})})

    async def subscribe(self, name: str, query: str, **variables: object) -> None:
        await self.say({"id": name, "type": "subscribe", "payload": {"query": query, "variables": variables}})

    async def complete(self, name: str) -> None:
        await self.say({"id": name, "type": "complete"})

    async def heard(self) -> Any:  # noqa: ANN401 - JSON
        async with asyncio.timeout(10):
            return json.loads(await self.socket.recv())

    async def answers(self, name: str, query: str, **variables: object) -> list[Any]:
        """All payloads of an operation that ends well."""
        await self.subscribe(name, query, **variables)
        found = []
        while (message := await self.heard())["type"] == "next":
            assert message["id"] == name
            found.append(message["payload"])
        assert message == {"id": name, "type": "complete"}
        return found

    async def refusal(self, name: str, query: str, **variables: object) -> Any:  # noqa: ANN401 - JSON
        """The one error of an operation that is answered with nothing else."""
        await self.subscribe(name, query, **variables)
        return refusal_in(await self.heard(), name)

    async def closed(self) -> int:
        """The code that the other side closes with, whatever it says before."""
        async with asyncio.timeout(10):
            with suppress(ConnectionClosedError):
                async for _ in self.socket:
                    pass
        code = self.socket.close_code
        assert code not in {None, 1006}, "It broke off."
        return code or 0

    @property
    def reason(self) -> str:
        return self.socket.close_reason or ""


def refusal_in(message: Any, name: str) -> Any:  # noqa: ANN401 - JSON
    assert (message["type"], message["id"]) == ("error", name), message
    (error,) = message["payload"]
    assert set(error["extensions"]) == {"code", "trace_id"}
    return error


@asynccontextmanager
async def opened(
    address: str,
    *,
    headers: Mapping[str, str] | None = None,
    origin: str | None = None,
    protocols: tuple[str, ...] = (PROTOCOL,),
    path: str = "/graphql",
) -> AsyncGenerator[Talk]:
    """A socket on which nothing was said yet."""
    async with connect(
        f"ws://{address}{path}",
        subprotocols=[Subprotocol(name) for name in protocols] or None,
        additional_headers=headers,
        origin=Origin(origin) if origin is not None else None,
        proxy=None,
        ping_interval=None,
        close_timeout=1,
    ) as socket:
        yield Talk(socket)


@asynccontextmanager
async def talking(address: str, key: str) -> AsyncGenerator[Talk]:
    """A socket that is acknowledged."""
    async with opened(address) as talk:
        await talk.introduce({"x-api-key": key})
        assert await talk.heard() == {"type": "connection_ack"}
        yield talk
