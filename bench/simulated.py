"""Simulated vendors in processes of their own, so that what they cost is not measured."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager


@asynccontextmanager
async def a_simulator(name: str) -> AsyncGenerator[str]:
    """Where `python -m simulators.NAME` answers."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", f"simulators.{name}", stdout=PIPE)
    try:
        assert process.stdout is not None
        yield json.loads(await process.stdout.readline())["url"]
    finally:
        process.terminate()
        await process.wait()
