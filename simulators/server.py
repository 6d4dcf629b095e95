"""An ASGI application on a free loopback port: in a task of the running loop, in a thread, or in the foreground."""

import asyncio
import json
import signal
import socket
import ssl
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

_ABORT = "simulators.abort"


def abort(scope: Scope) -> None:
    """Cut the connection that a request came by, for applications that play a broken server."""
    scope["extensions"][_ABORT]()


class _Server(uvicorn.Server):
    """Stops at once: whatever a simulator still drips or stalls is cut."""

    def __init__(self, app: ASGIApp, ssl_context: ssl.SSLContext | None) -> None:
        super().__init__(_config(self._abortable(app), ssl_context))
        self.ready = asyncio.Event()
        self.stop = asyncio.Event()

    def _abortable(self, app: ASGIApp) -> ASGIApp:
        async def with_abort(scope: Scope, receive: Receive, send: Send) -> None:
            scope.setdefault("extensions", {})[_ABORT] = lambda: self._abort(scope["client"])
            await app(scope, receive, send)

        return with_abort

    def _abort(self, client: tuple[str, int]) -> None:
        for connection in list(self.server_state.connections):
            if isinstance(connection, H11Protocol) and connection.client == client:
                connection.transport.abort()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    async def main_loop(self) -> None:
        await self.on_tick(0)
        await self.stop.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            if isinstance(connection, H11Protocol):
                connection.transport.abort()
        tasks = list(self.server_state.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def serving(
    app: ASGIApp, *, host: str = "127.0.0.1", port: int = 0, ssl_context: ssl.SSLContext | None = None
) -> AsyncIterator[str]:
    """Serve `app` in the running loop; gives the server's address, without a trailing slash."""
    listener = _listen(host, port)
    server = _Server(app, ssl_context)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await server.ready.wait()
        yield _address(listener, ssl_context)
    finally:
        server.stop.set()
        await task
        listener.close()


class ServerThread:
    """Serve `app` in a thread with a loop of its own, for callers that have none or block theirs.

    A context manager; or `start()`, which gives the address, and `stop()`.
    """

    def __init__(self, app: ASGIApp, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self._app = app
        self._listener = _listen(host, port)
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="simulator", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._server: _Server | None = None

    def start(self) -> str:
        self._thread.start()
        self._ready.wait()
        return _address(self._listener, None)

    def stop(self) -> None:
        if self._loop is not None and self._server is not None:
            self._loop.call_soon_threadsafe(self._server.stop.set)
            self._thread.join()
        self._listener.close()

    def __enter__(self) -> str:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._server = _Server(self._app, None)
        serving = asyncio.create_task(self._server.serve(sockets=[self._listener]))
        await self._server.ready.wait()
        self._ready.set()
        await serving


def run(app: ASGIApp, *, host: str = "127.0.0.1", port: int = 0) -> None:
    """Serve `app` until interrupted; the first line on standard output is `{"url": …}`."""
    asyncio.run(_run(app, host, port))


async def _run(app: ASGIApp, host: str, port: int) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with serving(app, host=host, port=port) as url:
        sys.stdout.write(json.dumps({"url": url}) + "\n")
        sys.stdout.flush()
        await stopped.wait()


def _listen(host: str, port: int) -> socket.socket:
    """The protocol is named, for only then does asyncio switch Nagle's algorithm off: 40 ms an answer otherwise."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(128)
    return listener


def _address(listener: socket.socket, ssl_context: ssl.SSLContext | None) -> str:
    host, port = listener.getsockname()[:2]
    return f"{'http' if ssl_context is None else 'https'}://{f'[{host}]' if ':' in host else host}:{port}"


def _config(app: ASGIApp, ssl_context: ssl.SSLContext | None) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=H11Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        ssl_context_factory=None if ssl_context is None else lambda *_: ssl_context,
    )
