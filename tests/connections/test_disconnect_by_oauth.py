"""Who disconnects takes back what was granted, as far as the provider lets us and nobody else needs it."""

from collections.abc import AsyncGenerator

import pytest

from calendar_sync.domain.errors import NotFound
from calendar_sync.store.database import Database
from simulators.google.faults import Fault
from tests.builders import an_actor
from tests.connections.world import AtGoogle, at_google, on_one_database


@pytest.fixture
async def google(database: Database) -> AsyncGenerator[AtGoogle]:
    async with at_google(database) as google:
        yield google


def revocations(google: AtGoogle) -> int:
    return google.simulator.count("POST", "/revoke")


def is_granted(google: AtGoogle) -> bool:
    authority = google.simulator.authority
    return bool(authority.granted(authority.clients["client"], google.ada))


async def test_a_grant_is_revoked_and_the_account_forgotten(google: AtGoogle) -> None:
    connection = (await google.connect()).connection

    await google.process.connections.disconnect(google.actor, connection.id)

    assert (is_granted(google), await google.listed()) == (False, [])


@on_one_database
async def test_a_grant_that_ended_already_is_no_obstacle(google: AtGoogle) -> None:
    connection = (await google.connect()).connection
    google.simulator.authority.withdraw(google.simulator.authority.clients["client"], google.ada)

    await google.process.connections.disconnect(google.actor, connection.id)

    assert (revocations(google), await google.listed()) == (1, [])


@on_one_database
async def test_a_provider_with_a_fault_does_not_keep_the_account_here(
    google: AtGoogle, caplog: pytest.LogCaptureFixture
) -> None:
    connection = (await google.connect()).connection
    google.simulator.faults.plan(Fault(path="/revoke", status=503))

    await google.process.connections.disconnect(google.actor, connection.id)

    assert await google.listed() == []
    assert "could not be revoked" in caplog.text


async def test_an_account_that_another_user_has_connected_too_keeps_its_grant(google: AtGoogle) -> None:
    eve = await an_actor(google.process.database, "eve@example.com")
    first, second = (await google.connect()).connection, (await google.connect(eve)).connection

    await google.process.connections.disconnect(google.actor, first.id)
    assert (revocations(google), is_granted(google)) == (0, True)

    await google.process.connections.disconnect(eve, second.id)
    assert (revocations(google), is_granted(google)) == (1, False)


async def test_nobody_disconnects_or_revokes_what_is_anothers(google: AtGoogle) -> None:
    connection = (await google.connect()).connection
    eve = await an_actor(google.process.database, "eve@example.com")

    with pytest.raises(NotFound):
        await google.process.connections.disconnect(eve, connection.id)

    assert (revocations(google), len(await google.listed())) == (0, 1)
