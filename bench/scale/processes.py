"""Processes of the benchmark: started with what they need, told where they listen, ended by their id."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from bench.scale.postgres import cpu_of

ROOT = Path(__file__).parents[2]
_PATIENCE = 60.0


@dataclass(slots=True)
class Child:
    """One process. What it logs is in the file `log`."""

    process: Process
    log: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    def told(self) -> str:
        """The end of its log."""
        return self.log.read_text()[-2_000:]

    def cpu(self) -> float:
        """CPU seconds so far; none once it has ended."""
        try:
            return cpu_of(psutil.Process(self.pid))
        except psutil.NoSuchProcess:
            return 0.0

    async def kill(self) -> None:
        with suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()

    async def end(self) -> int:
        """By SIGTERM, and if that does not do by SIGKILL; the exit status."""
        with suppress(ProcessLookupError):
            self.process.terminate()
        try:
            return await asyncio.wait_for(self.process.wait(), _PATIENCE)
        except TimeoutError:
            await self.kill()
            return await self.process.wait()

    async def announcement(self) -> Mapping[str, Any]:
        """The first line that it prints."""
        assert self.process.stdout is not None
        line = await asyncio.wait_for(self.process.stdout.readline(), _PATIENCE)
        if not line:
            raise RuntimeError(f"It did not start: {self.told()}")
        printed: Mapping[str, Any] = json.loads(line)
        return printed

    async def logged(self, message: str) -> Mapping[str, Any]:
        """The first line of its log that says so."""
        async with asyncio.timeout(_PATIENCE):
            while True:
                for line in self.log.read_text().splitlines():
                    with suppress(json.JSONDecodeError):
                        entry: Mapping[str, Any] = json.loads(line)
                        if entry.get("message") == message:
                            return entry
                if self.process.returncode is not None:
                    raise RuntimeError(f"It ended with {self.process.returncode}: {self.told()}")
                await asyncio.sleep(0.05)


async def started(log: Path, *arguments: str, **settings: str) -> Child:
    """`python -m ARGUMENTS`, with settings of calendar-sync."""
    ours = {f"CALENDAR_SYNC_{name}": value for name, value in settings.items()}
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **ours}
    with log.open("ab") as file:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", *arguments, env=environment, cwd=log.parent, stdout=PIPE, stderr=file
        )
    return Child(process, log)


@asynccontextmanager
async def running(log: Path, *arguments: str, **settings: str) -> AsyncGenerator[Child]:
    """The same, ended on leaving."""
    child = await started(log, *arguments, **settings)
    try:
        yield child
    finally:
        await child.end()


@asynccontextmanager
async def announced(log: Path, *arguments: str) -> AsyncGenerator[tuple[Child, str]]:
    """A server that prints `{"url": …}` first, and that address."""
    async with running(log, *arguments) as child:
        yield child, (await child.announcement())["url"]
