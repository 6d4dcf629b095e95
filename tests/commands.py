"""The command line as people meet it: run in this process, or in one of its own."""

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from types import SimpleNamespace
from typing import NoReturn

import pytest

from calendar_sync.cli import main
from tests.forked import forking
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


def started(folder: Path, *arguments: str, **settings: str) -> SimpleNamespace:
    """A command in a process of its own, to its end; gives its `status`, and what it printed as `out` and `err`."""
    out, err = Output(), Output()
    process = _begun(folder, arguments, settings, out, err)
    said = [output.rest() for output in (out, err)]
    process.join()
    return SimpleNamespace(status=process.exitcode, out=said[0], err=said[1])


class Output:
    """What a process prints to one of its files, a line at a time or to its end."""

    def __init__(self) -> None:
        reader, self.writer = forking().Pipe(duplex=False)
        self._lines = os.fdopen(os.dup(reader.fileno()), encoding="utf-8")
        reader.close()

    def __iter__(self) -> Iterator[str]:
        return iter(self._lines)

    def rest(self) -> str:
        with self._lines:
            return self._lines.read()


def _begun(
    folder: Path, arguments: Sequence[str], settings: Mapping[str, str], out: Output, err: Output
) -> ForkServerProcess:
    process = forking().Process(
        target=_command, args=(folder, arguments, environment(**settings), out.writer, err.writer)
    )
    process.start()
    for each in (out, err):  # so that they end with the process
        each.writer.close()
    return process


def _command(
    folder: Path, arguments: Sequence[str], variables: Mapping[str, str], *outputs: "Connection[str, str]"
) -> NoReturn:
    """In the process that was forked: what the console script does."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(variables)
    for number, output in enumerate(outputs, start=1):
        os.dup2(output.fileno(), number)
    for output in outputs:
        output.close()
    main(arguments)


class Running:
    """A command in a process of its own, from the line of its log on that says `ready`."""

    def __init__(self, folder: Path, *arguments: str, ready: str, **settings: str) -> None:
        self._log = Output()
        self._process = _begun(folder, arguments, settings, self._log, self._log)
        lines = (json.loads(line) for line in self._log)
        self.ready = next(line for line in lines if line["message"] == ready)

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        return self._process.exitcode is not None

    def send(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def end(self, number: signal.Signals) -> tuple[int, str]:
        """The exit status, and what was logged since."""
        self.send(number)
        log = self._log.rest()
        self._process.join()
        assert self._process.exitcode is not None
        return self._process.exitcode, log


class Serving(Running):
    """`calendar-sync serve`."""

    def __init__(self, folder: Path, *options: str, **settings: str) -> None:
        super().__init__(folder, "serve", "--port", "0", *options, ready="Listening.", **settings)
        self.address = f"http://{self.ready['host']}:{self.ready['port']}"


class Working(Running):
    """`calendar-sync worker`."""

    def __init__(self, folder: Path, **settings: str) -> None:
        super().__init__(folder, "worker", ready="Working.", **settings)
