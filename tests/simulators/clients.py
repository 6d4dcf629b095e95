"""Clients of simulators on loopback."""

import ssl
from collections.abc import Callable

import httpx

Problems = Callable[[httpx.Response], list[str]]


def a_client(base: str, token: str | None = None, problems: Problems | None = None) -> httpx.AsyncClient:
    """A client whose every answer is held to a contract, in which `problems` finds none; without one it may be
    anything."""

    async def hold_to_contract(response: httpx.Response) -> None:
        await response.aread()
        found = [] if problems is None else problems(response)
        assert not found, found

    return httpx.AsyncClient(
        base_url=base,
        headers={} if token is None else {"Authorization": f"Bearer {token}"},
        event_hooks={} if problems is None else {"response": [hold_to_contract]},
        verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),  # Trusting nobody is cheaper than to read all authorities.
    )
