"""Delivers what a simulator has to tell, in the loop in which its receivers were met, wherever the change was made."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import httpx


@dataclass(slots=True)
class Courier:
    _loop: asyncio.AbstractEventLoop | None = None
    _client: httpx.AsyncClient | None = None
    _under_way: set[Future[None]] = field(default_factory=set)

    def settle_here(self) -> None:
        """Deliver in the running loop from now on."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop, self._client = loop, None

    def start(self, delivery: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Begin a delivery; nothing where there is no loop (any more)."""
        if self._loop is None or self._loop.is_closed():
            return
        future = asyncio.run_coroutine_threadsafe(delivery(), self._loop)
        self._under_way.add(future)
        future.add_done_callback(self._under_way.discard)

    async def settled(self) -> None:
        """Wait until everything under way was delivered or given up."""
        while self._under_way:
            await asyncio.wait([asyncio.wrap_future(future) for future in self._under_way])

    async def post(
        self, address: str, headers: dict[str, str], content: bytes = b"", seconds: float = 10
    ) -> httpx.Response | None:
        """The answer of an address on loopback; `None` where there is none within so many seconds."""
        if self._client is None:
            # Nothing leaves loopback, where certificates prove nothing; and no connection outlives its message.
            self._client = httpx.AsyncClient(
                verify=False,  # noqa: S501
                limits=httpx.Limits(max_connections=20, max_keepalive_connections=0),
                trust_env=False,
            )
        try:
            async with asyncio.timeout(seconds):
                return await self._client.post(
                    address, headers=headers, content=content, timeout=httpx.Timeout(seconds, pool=None)
                )
        except (httpx.HTTPError, TimeoutError):
            return None


def is_loopback(address: str) -> bool:
    """Whether an `http` or `https` address is on this machine: simulators post to no other."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
        return parts.scheme in {"http", "https"} and (host == "localhost" or ip_address(host).is_loopback)
    except ValueError:
        return False
