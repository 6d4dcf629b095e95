"""Servers on loopback for tests of the guarded transport.

All of 127.0.0.0/8 is loopback on Linux: what a test may reach stands on 127.0.0.2, which is allowed, and the canary
that nothing may reach on 127.0.0.1.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from providers.guard import IPNetwork, Resolver, parse_networks
from providers.retry import Time
from providers.transport import Transport

HOST = "127.0.0.2"
ALLOWED = parse_networks([f"{HOST}/32"])
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@dataclass(slots=True)
class Naps:
    """A clock that stands still and a sleep that only takes notes."""

    taken: list[float] = field(default_factory=list)

    @property
    def time(self) -> Time:
        return Time(now=lambda: NOW, sleep=self._nap, chance=lambda: 0.5)

    async def _nap(self, seconds: float) -> None:
        self.taken.append(seconds)


def a_transport(
    *,
    allowed_networks: Sequence[IPNetwork] = ALLOWED,
    ssl_context: ssl.SSLContext | None = None,
    resolve: Resolver | None = None,
    naps: Naps | None = None,
) -> Transport:
    """A transport that may reach `HOST`, trusts no authority unless told, and takes no time to wait."""
    return Transport(
        allowed_networks=allowed_networks,
        ssl_context=ssl_context or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
        resolve=resolve,
        time=(naps or Naps()).time,
    )


def names(answers: Mapping[str, Sequence[str]]) -> Callable[[str, int], Awaitable[Sequence[str]]]:
    """A resolver that knows these names and no other."""

    async def resolve(host: str, port: int) -> Sequence[str]:
        if host not in answers:
            raise OSError("Name or service not known")
        return answers[host]

    return resolve


@dataclass(slots=True)
class Listener:
    """A TCP port that answers every request with the same bytes, and counts its connections."""

    host: str
    port: int
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"


@asynccontextmanager
async def listening(answer: bytes = b"", *, host: str = HOST, port: int = 0) -> AsyncIterator[Listener]:
    """Whatever is asked, `answer` comes back as it is, and the connection is closed."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        listener.connections += 1
        try:
            listener.requests.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(answer)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, host, port)
    listener = Listener(host, server.sockets[0].getsockname()[1])
    try:
        yield listener
    finally:
        server.close()
        await server.wait_closed()


def ok(body: bytes = b"hello", **headers: str) -> bytes:
    """A whole HTTP answer; `headers` are written with dashes for underscores."""
    told = {"Content-Length": str(len(body)), "Connection": "close"}
    told |= {name.replace("_", "-").title(): value for name, value in headers.items()}
    return "".join(["HTTP/1.1 200 OK\r\n", *(f"{k}: {v}\r\n" for k, v in told.items()), "\r\n"]).encode() + body
