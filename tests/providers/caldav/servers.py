"""Radicale and Xandikos, real ones, each in a process of its own on a free loopback port; and a gateway before them.

Both leave signing in to the web server in front of them, as they are run in earnest: `Gateway` is that server. It
also is where a test takes the service away or the password back.
"""

import os
import socket
import ssl
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

LOOPBACK = "127.0.0.1"
PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For clients that speak plain HTTP: loading the usual authorities takes longer than a test."""
_START_SECONDS = 30.0
_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "content-encoding", "host"}


@contextmanager
def radicale(folder: Path) -> Iterator[str]:
    """A Radicale that believes the gateway who is asking (X-Remote-User). Gives its address."""
    port = _free_port()
    config = folder / "radicale.conf"
    config.write_text(
        f"[server]\nhosts = {LOOPBACK}:{port}\n[auth]\ntype = http_x_remote_user\n"
        f"[storage]\nfilesystem_folder = {folder / 'collections'}\n[logging]\nlevel = error\n"
    )
    with _running([sys.executable, "-m", "radicale", "-C", str(config)], folder, port) as url:
        yield url


@contextmanager
def radicale_with_passwords(folder: Path, passwords: Mapping[str, str]) -> Iterator[str]:
    """A Radicale that asks for passwords itself."""
    port = _free_port()
    users = folder / "users"
    users.write_text("".join(f"{name}:{password}\n" for name, password in passwords.items()))
    config = folder / "radicale.conf"
    config.write_text(
        f"[server]\nhosts = {LOOPBACK}:{port}\n"
        f"[auth]\ntype = htpasswd\nhtpasswd_filename = {users}\nhtpasswd_encryption = plain\ndelay = 0\n"
        f"[storage]\nfilesystem_folder = {folder / 'collections'}\n[logging]\nlevel = error\n"
    )
    with _running([sys.executable, "-m", "radicale", "-C", str(config)], folder, port) as url:
        yield url


@contextmanager
def xandikos(folder: Path) -> Iterator[str]:
    """A Xandikos with one principal, `/user/`. Gives its address."""
    port = _free_port()
    arguments = ["serve", "-d", str(folder / "dav"), "--defaults", "-l", LOOPBACK, "-p", str(port)]
    with _running([sys.executable, "-m", "xandikos", *arguments], folder, port) as url:
        yield url


@contextmanager
def _running(command: list[str], folder: Path, port: int) -> Iterator[str]:
    environment = {**os.environ, "XDG_DATA_HOME": str(folder / "data"), "HOME": str(folder)}
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=environment, cwd=folder)
        try:
            _wait_for(port, process)
            yield f"http://{LOOPBACK}:{port}"
        finally:
            process.kill()
            process.wait()


def _free_port() -> int:
    with socket.create_server((LOOPBACK, 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            socket.create_connection((LOOPBACK, port), timeout=1).close()
        except OSError:
            assert process.poll() is None, "the server ended before it listened"
            assert time.monotonic() < deadline, "the server does not listen"
            time.sleep(0.02)
        else:
            return


@dataclass(slots=True)
class Gateway:
    """An ASGI application that asks for a password and hands the request on, with the user's name."""

    upstream: str
    username: str
    password: str
    remote_user: str
    is_down: bool = False
    asked: list[str] = field(default_factory=list)
    """The method of every request so far."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        self.asked.append(request.method)
        await (await self._answer(request))(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if self.is_down:
            return Response(status_code=503)
        expected = b64encode(f"{self.username}:{self.password}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {expected}":
            return Response(status_code=401, headers={"WWW-Authenticate": 'Basic realm="Gateway"'})
        headers = {
            name: value for name, value in request.headers.items() if name not in {*_HOP_BY_HOP, "authorization"}
        }
        headers |= {"X-Remote-User": self.remote_user, "Accept-Encoding": "identity"}
        target = f"{self.upstream}{request.scope['raw_path'].decode()}"
        async with httpx.AsyncClient(trust_env=False, timeout=30, verify=PLAIN) as client:
            answer = await client.request(
                request.method, target, headers=headers, content=await request.body(), follow_redirects=False
            )
        kept = {name: value for name, value in answer.headers.items() if name not in _HOP_BY_HOP}
        return Response(answer.content, answer.status_code, headers=kept)
