"""What the page on subscriptions shows runs as it stands, and its numbers are those of the server."""

import asyncio
import json
import os
import re
import sys
from pathlib import Path

from calendar_sync import server
from calendar_sync.web.sockets import MOST_OF_ONE_USER
from frontend import build
from schema import socket, socket_messages
from tests.commands import ROOT
from tests.docs import shell
from tests.schema.streams import Streaming, streaming

PAGE = (ROOT / "docs" / "subscriptions.md").read_text()
THREE = "subscription { count(to: 3) }"
ADDRESS = "ws://127.0.0.1:8000/graphql"


async def printed(site: Streaming, *command: str, **environment: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *command, env={**os.environ, **environment}, stdout=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(30):
        said, _ = await process.communicate()
    assert process.returncode == 0
    return said.decode()


async def test_the_program_prints_each_answer(sqlite_url: str, tmp_path: Path) -> None:
    (program,) = shell.blocks(PAGE, "python")
    file = tmp_path / "follow.py"
    async with streaming(sqlite_url) as site:
        file.write_text(program.replace(ADDRESS, f"ws://{site.address}/graphql"))

        said = await printed(site, sys.executable, str(file), THREE, KEY=await site.key())

    assert [json.loads(line) for line in said.splitlines()] == [{"data": {"count": number}} for number in (1, 2, 3)]


async def test_the_protocols_own_client_gets_each_answer(sqlite_url: str, tmp_path: Path) -> None:
    (program,) = shell.blocks(PAGE, "js")
    _, rest = program.split(";\n", 1)
    client = build.VENDOR / "graphql-ws" / "graphql-ws.min.js"
    file = tmp_path / "follow.mjs"
    async with streaming(sqlite_url) as site:
        file.write_text(
            f"import {{ createRequire }} from 'node:module';\n"
            f"const {{ createClient }} = createRequire('/')({json.dumps(str(client))});\n"
            f"const key = {json.dumps(await site.key())}, query = {json.dumps(THREE)};\n"
            + rest.replace(ADDRESS, f"ws://{site.address}/graphql")
        )

        said = await printed(site, str(Path(sys.executable).with_name("node")), str(file))

    assert re.findall(r"count: (\d)", said) == ["1", "2", "3"]


def test_its_limits_are_those_of_the_server() -> None:
    limits = PAGE.split("\n## Limits\n")[1].split("\n## ")[0]
    first = [row.split("|")[1] for row in limits.splitlines() if row.startswith("| ")][1:]

    assert [int(re.findall(r"\d+", cell)[0]) for cell in first if re.search(r"\d", cell)] == [
        socket.INIT_SECONDS,
        server.LARGEST_MESSAGE / 1024,
        socket.MOST_OPERATIONS,
        MOST_OF_ONE_USER,
        server.PING_SECONDS,
    ]
    assert f"every {socket.CHECK_SECONDS:.0f} seconds" in PAGE


def test_each_code_it_is_closed_with_is_explained() -> None:
    ours = {code for code in vars(socket_messages).values() if isinstance(code, int) and code > 1000}

    explained = {int(code) for code in re.findall(r"^\| (\d{4}) \|", PAGE, re.MULTILINE)}

    assert explained == ours | {1009, 1011}
