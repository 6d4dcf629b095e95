"""The command line as people meet it: run in this process, or in one of its own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from calendar_sync.cli import main
from tests.web.conftest import process_logging

__all__ = ["process_logging"]

ROOT = Path(__file__).parents[1]

Run = Callable[..., SimpleNamespace]
"""Runs a command in this process; gives its `status`, and what it printed as `out` and `err`."""


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], process_logging: None
) -> Run:
    """On a store that is not there yet, unless settings say otherwise."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, **settings: str) -> SimpleNamespace:
        with monkeypatch.context() as environment:
            for name, value in settings.items():
                environment.setenv(f"CALENDAR_SYNC_{name}", value)
            with pytest.raises(SystemExit) as ended:
                main(arguments)
        out, err = capsys.readouterr()
        return SimpleNamespace(status=ended.value.code, out=out, err=err)

    return run


def told(ended: SimpleNamespace) -> str:
    """The one line on standard error of a command that failed."""
    assert (ended.status, ended.out) == (1, "")
    (line,) = ended.err.splitlines()
    assert line.startswith("calendar-sync: ")
    return str(line.removeprefix("calendar-sync: "))


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "calendar_sync.cli", *arguments]


def environment(**settings: str) -> dict[str, str]:
    usual = {"PYTHONPATH": str(ROOT), "CALENDAR_SYNC_ALLOWED_PRIVATE_NETWORKS": "127.0.0.0/8"}
    return {**os.environ, **usual, **{f"CALENDAR_SYNC_{name}": value for name, value in settings.items()}}


def started(folder: Path, *arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    """A command in a process of its own, to its end."""
    return subprocess.run(
        command(*arguments),
        cwd=folder,
        env=environment(**settings),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


class Running:
    """A command in a process of its own, from the line of its log on that says `ready`."""

    def __init__(self, folder: Path, *arguments: str, ready: str, **settings: str) -> None:
        self.process = subprocess.Popen(
            command(*arguments),
            cwd=folder,
            env=environment(**settings),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stderr is not None
        lines = (json.loads(line) for line in self.process.stderr)
        self.ready = next(line for line in lines if line["message"] == ready)

    def end(self, number: signal.Signals) -> tuple[int, str]:
        """The exit status, and what was logged since."""
        self.process.send_signal(number)
        _, log = self.process.communicate(timeout=30)
        return self.process.returncode, log


class Serving(Running):
    """`calendar-sync serve`."""

    def __init__(self, folder: Path, *options: str, **settings: str) -> None:
        super().__init__(folder, "serve", "--port", "0", *options, ready="Listening.", **settings)
        self.address = f"http://{self.ready['host']}:{self.ready['port']}"


class Working(Running):
    """`calendar-sync worker`."""

    def __init__(self, folder: Path, **settings: str) -> None:
        super().__init__(folder, "worker", ready="Working.", **settings)
