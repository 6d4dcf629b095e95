"""Simulators start on a free port, and stop at once whatever they are doing."""

import asyncio
import json
import subprocess
import sys

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from simulators.server import ServerThread, abort, serving


async def hello(request: Request) -> Response:
    return PlainTextResponse("hello")


APP = Starlette(routes=[Route("/", hello)])


async def test_an_application_is_served_in_the_running_loop() -> None:
    async with serving(APP) as url, httpx.AsyncClient() as client:
        assert (await client.get(url)).text == "hello"

    assert url.startswith("http://127.0.0.1:")


def test_an_application_is_served_in_a_thread() -> None:
    with ServerThread(APP, host="127.0.0.2") as url:
        assert httpx.get(url).text == "hello"

    with pytest.raises(httpx.ConnectError):
        httpx.get(url)


async def test_two_servers_take_two_ports() -> None:
    async with serving(APP) as first, serving(APP) as second:
        assert first != second


async def test_stopping_cuts_what_still_hangs() -> None:
    asked = asyncio.Event()

    async def hang(scope: Scope, receive: Receive, send: Send) -> None:
        asked.set()
        await asyncio.Event().wait()

    async with asyncio.timeout(5), httpx.AsyncClient() as client:
        async with serving(hang) as url:
            asking = asyncio.create_task(client.get(url))
            await asked.wait()
        with pytest.raises(httpx.HTTPError):
            await asking


async def test_an_application_may_cut_its_connection() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        abort(scope)

    async with serving(app) as url, httpx.AsyncClient() as client:
        with pytest.raises(httpx.HTTPError):
            await client.get(url)


def test_a_simulator_is_started_from_the_command_line_and_says_where() -> None:
    command = [sys.executable, "-m", "simulators.ics", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["url"]
        assert httpx.get(f"{url}/_control/feeds").json() == {}
        process.terminate()
        assert process.wait(10) == 0
