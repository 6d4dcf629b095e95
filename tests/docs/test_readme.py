"""The README is true: what it shows is run, in its order, against the sandbox it describes."""

import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from calendar_sync.settings import Settings
from tests.docs import shell

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


@dataclass
class Sandbox:
    """A running `calendar-sync sandbox`: what it printed, and where it listens instead of on 8000 to 8004."""

    port: int
    printed: str
    folder: Path

    @property
    def key(self) -> str:
        found = re.search(r"^API key\s+(\S+)$", self.printed, re.MULTILINE)
        assert found, self.printed
        return found[1]

    def run(self, script: str) -> str:
        """What the script's last command prints."""
        moved = re.sub(r"127\.0\.0\.1:800(\d)", lambda match: f"127.0.0.1:{self.port + int(match[1])}", script)
        return shell.run(moved, self.folder, KEY=self.key)


def _five_free_ports() -> int:
    while True:
        with socket.create_server(("127.0.0.1", 0)) as first:
            port: int = first.getsockname()[1]
            try:
                for following in range(port + 1, port + 5):
                    socket.create_server(("127.0.0.1", following)).close()
            except (OSError, OverflowError):
                continue
            return port


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    folder, port = tmp_path_factory.mktemp("sandbox"), _five_free_ports()
    process = subprocess.Popen(
        [Path(sys.executable).with_name("calendar-sync"), "sandbox", "--port", str(port)],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    printed = ""
    for line in process.stdout:
        printed += line
        if line.startswith("Ctrl-C"):
            break
    yield Sandbox(port, printed, folder)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert "Traceback" not in out + err


def _runnable() -> list[str]:
    return [
        command
        for block in shell.blocks(README, "sh")
        if "calendar-sync " not in block
        for command in block.split("\n\n")
    ]


def test_the_sandbox_prints_what_the_readme_shows(sandbox: Sandbox) -> None:
    (shown,) = (block for block in shell.blocks(README, "text") if "SyncResult" in block)
    assert sandbox.printed.strip().splitlines()[0] == shown.splitlines()[0]


def test_every_command_answers_what_the_readme_shows(sandbox: Sandbox) -> None:
    answers = [json.loads(block) for block in shell.blocks(README, "json")]
    printed = [sandbox.run(command) for command in _runnable()]
    found = [json.loads(text) for text in printed if text.startswith("{")]
    assert [_narrowed(answer, to) for answer, to in zip((found[0], found[-1]), answers, strict=True)] == answers


def _narrowed(answer: object, to: object) -> object:
    """The parts of the answer that the README shows."""
    if isinstance(answer, dict) and isinstance(to, dict):
        return {name: _narrowed(answer.get(name), part) for name, part in to.items()}
    return answer


def test_the_query_shown_gives_the_sandbox_events(sandbox: Sandbox) -> None:
    (query,) = shell.blocks(README, "graphql")
    answer = httpx.post(
        f"http://127.0.0.1:{sandbox.port}/graphql",
        headers={"Authorization": f"Bearer {sandbox.key}"},
        json={"query": query},
        trust_env=False,
    ).json()
    assert {node["title"] for node in answer["data"]["events"]["nodes"]} == {
        "Stand-up",
        "Stand-up (later)",
        "Design review",
    }


def test_every_setting_is_in_the_readme() -> None:
    names = {f"CALENDAR_SYNC_{name.upper()}" for name in Settings.model_fields}
    assert {name for name in names if f"`{name}`" not in README} == set()
