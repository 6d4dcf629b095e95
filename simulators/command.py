"""`python -m simulators.VENDOR [--host H] [--port P] [--client-id …] [--client-secret …] [--redirect-uri …]`

Serves one account, demo@example.com, with a week of events, to one client, until interrupted. The first line on
standard output is `{"url": …}`; `GET {url}/_control/settings` says where a client finds what.
"""

import argparse
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Protocol

from starlette.types import Receive, Scope, Send

from simulators.server import run


class Simulator(Protocol):
    """An ASGI application with clients."""

    def add_client(self, client_id: str, secret: str, /, *redirect_uris: str) -> object: ...

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None: ...


def main(vendor: str, demo: Callable[[date], Simulator]) -> None:
    """Serve what `demo` makes of today, as the command line says."""
    parser = argparse.ArgumentParser(prog=f"python -m simulators.{vendor}", description=f"{vendor.title()}, in memory.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0, the default, takes a free one")
    parser.add_argument("--client-id", default="simulated-client")
    parser.add_argument("--client-secret", default="simulated-secret")
    parser.add_argument("--redirect-uri", action="append", default=[], help="without any, all on loopback will do")
    arguments = parser.parse_args()
    simulator = demo(datetime.now(UTC).date())
    simulator.add_client(arguments.client_id, arguments.client_secret, *arguments.redirect_uri)
    run(simulator, host=arguments.host, port=arguments.port)
