from pathlib import Path

import httpx
import pytest

from tests.web.door import Door, a_door, code_of

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def get(door: Door, path: str) -> httpx.Response:
    async with door.asking() as client:
        return await client.get(path)


async def test_a_server_that_can_serve_is_live_and_ready(door: Door) -> None:
    for path in ("/health/live", "/health/ready"):
        answer = await get(door, path)
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_a_server_without_its_store_is_live_but_not_ready(sqlite_url: str) -> None:
    async with a_door(sqlite_url) as door:
        file = door.services.settings.sqlite_path
        assert file is not None
        _damage(file)

        live, ready = await get(door, "/health/live"), await get(door, "/health/ready")

    assert live.status_code == 200
    assert (ready.status_code, code_of(ready)) == (503, "STORE_UNAVAILABLE")
    assert int(ready.headers["retry-after"]) >= 1
    assert str(file) not in ready.text


def _damage(file: Path) -> None:
    for part in (file, file.with_name(f"{file.name}-wal")):
        if part.exists():
            part.write_bytes(b"this is no database" * 1000)
