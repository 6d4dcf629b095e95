"""One process that delivers: from when it starts until it is told to end."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from calendar_sync.domain.webhooks import Answer, DeliveryState
from calendar_sync.services import Services
from calendar_sync.store.database import Database
from calendar_sync.store.keyring import Keyring
from calendar_sync.webhooks.deliverer import Deliverer
from calendar_sync.webhooks.service import EndpointDraft
from simulators.server import serving
from tests import databases
from tests.builders import an_actor
from tests.sync.conftest import store
from tests.web.door import a_door
from tests.webhooks.world import KEYRING, OK, Receiver, an_office, numbered

__all__ = ["store"]

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass
class Stalling:
    """Endpoints that take what they are sent and do not answer."""

    came: asyncio.Event = field(default_factory=asyncio.Event)

    async def check(self, url: str) -> str:
        return url

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        self.came.set()
        await asyncio.Event().wait()
        return OK


async def test_a_server_that_works_delivers_what_happens(tmp_path: Path) -> None:
    receiver = Receiver()
    async with serving(receiver.app) as address, a_door(databases.a_migrated_file(tmp_path)) as door:
        services: Services = door.services
        actor = await an_actor(services.database)
        _, secret = await services.webhooks.create(actor, EndpointDraft(f"{address}/hooks", "", ["*"]))
        receiver.secrets = [secret]
        working = asyncio.create_task(services.work())
        async with services.database.begin() as tx:
            await tx.webhooks.emit(actor.user_id, [numbered(1)], services.deliverer.clock())
        await receiver.came.wait()
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)

    assert [body["data"] for _, body in receiver.received] == [{"number": 1}]


async def test_what_is_under_way_when_it_is_told_to_end_is_handed_back(store: Database) -> None:
    office, stalling = await an_office(store), Stalling()
    endpoint = await office.endpoint()
    ending = Deliverer(store, KEYRING, stalling, office.clock, grace=0.0)
    await office.emit(numbered(1))

    ending.start()
    await stalling.came.wait()
    await ending.close()

    assert await office.step() == 1
    assert await office.states(endpoint) == [DeliveryState.DELIVERED]


async def test_an_endpoint_whose_key_is_not_there_is_tried_again_later(store: Database) -> None:
    office = await an_office(store)
    endpoint = await office.endpoint()
    office.deliverer.keyring = Keyring.of("A" * 42 + "E=")
    await office.emit(numbered(1))
    await office.step()

    (delivery,) = await office.log(endpoint)
    (attempt,) = (await office.service.attempts(office.actor, [delivery.id]))[delivery.id]
    office.deliverer.keyring = KEYRING
    await office.run_until_quiet()

    assert (attempt.status, attempt.error) == (None, "unreadable_endpoint")
    assert await office.states(endpoint) == [DeliveryState.DELIVERED]


class _Told(logging.Handler):
    """Notes what is logged, and that it was."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[str] = []
        self.came = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())
        self.came.set()


async def test_a_store_that_is_away_ends_nothing(store: Database, tmp_path: Path) -> None:
    office, told = await an_office(store), _Told()
    endpoint = await office.endpoint()
    away = await Database.open(databases.sqlite_url(tmp_path / "nothing-here.db"))
    process = Deliverer(away, KEYRING, office.sender, office.clock)
    logger = logging.getLogger(Deliverer.__module__)
    logger.addHandler(told)

    process.start()
    await told.came.wait()
    process.database = store
    await office.emit(numbered(1))
    process._soon.set()
    while await office.states(endpoint) != [DeliveryState.DELIVERED]:
        await process.drained()
    await process.close()
    await away.close()
    logger.removeHandler(told)

    assert told.messages[0].startswith("No webhooks are delivered for now")
