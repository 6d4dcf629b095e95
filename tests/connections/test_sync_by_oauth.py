"""A sync outlives its tokens; an account whose grant ended keeps what it has and says what to do."""

import io
from collections.abc import AsyncGenerator

import pytest

from calendar_sync.domain.connections import ConnectionStatus
from calendar_sync.store.database import Database
from calendar_sync.web.logs import configure_logging
from tests.connections.world import AtGoogle, at_google
from tests.web.conftest import process_logging as process_logging  # noqa: PLC0414 -- a fixture, to be found here


@pytest.fixture
async def google(database: Database) -> AsyncGenerator[AtGoogle]:
    async with at_google(database) as google:
        yield google


async def errors_of_a_sync(google: AtGoogle) -> list[str]:
    return list((await google.process.sync.sync(google.actor)).errors)


async def calendars(google: AtGoogle) -> list[str]:
    return [calendar.remote.remote_id for calendar in await google.process.connections.calendars(google.actor)]


async def test_a_token_that_is_refused_in_the_middle_of_a_sync_is_renewed_and_the_sync_goes_on(
    google: AtGoogle,
) -> None:
    await google.connect()
    google.simulator.authority.expire_access_tokens()
    before = google.token_calls

    assert await errors_of_a_sync(google) == []
    assert (google.token_calls - before, await calendars(google)) == (1, ["ada@example.com"])


async def test_a_grant_that_ended_keeps_all_data_and_is_asked_about_no_more_until_the_next_consent(
    google: AtGoogle,
) -> None:
    connection = (await google.connect()).connection
    await errors_of_a_sync(google)
    google.simulator.authority.withdraw(google.simulator.authority.clients["client"], google.ada)

    asked = []
    for _ in range(3):
        assert await errors_of_a_sync(google) == ["google_calendar: Token expired, please reconnect"]
        asked.append(len(google.simulator.log))

    assert asked[0] == asked[1] == asked[2]
    (ended,) = await google.listed()
    assert (ended.id, ended.status) == (connection.id, ConnectionStatus.RECONNECT_REQUIRED)
    assert ended.last_error == "Token expired, please reconnect"
    assert await calendars(google) == ["ada@example.com"]

    assert (await google.connect()).connection.id == connection.id
    assert await errors_of_a_sync(google) == []
    assert (await google.listed())[0].status is ConnectionStatus.ACTIVE


async def test_our_wrong_client_secret_is_an_error_of_the_sync_and_no_reason_to_reconnect(google: AtGoogle) -> None:
    await google.connect()
    google.simulator.authority.expire_access_tokens()
    google.simulator.authority.clients["client"].secret = "another"
    sentence = "This server cannot sign in to Google just now; its operator has been told."

    assert await errors_of_a_sync(google) == [f"google_calendar: {sentence}"]

    (connection,) = await google.listed()
    assert (connection.status, connection.last_error) == (ConnectionStatus.ACTIVE, sentence)


@pytest.mark.usefixtures("process_logging")
async def test_nothing_secret_is_logged_or_stored_in_the_clear(google: AtGoogle) -> None:
    log = io.StringIO()
    configure_logging("debug", log)
    required = await google.begin()
    await google.connect()
    tokens = list(google.simulator.authority.access_tokens)
    google.simulator.authority.expire_access_tokens()
    await errors_of_a_sync(google)
    tokens += google.simulator.authority.access_tokens
    google.simulator.authority.kill_refresh_tokens(google.ada)
    google.simulator.authority.expire_access_tokens()
    await errors_of_a_sync(google)
    async with google.process.database.begin(write=False) as tx:
        rows = [
            str(row)
            for table in ("connections", "oauth_consents")
            for row in await tx.connection.exec_driver_sql(f"SELECT * FROM {table}")  # noqa: S608
        ]

    authority = google.simulator.authority
    secrets = [required.state, "canary-client-secret", *authority.codes, *authority.refresh_tokens, *tokens]
    assert len(secrets) >= 6
    assert [secret for secret in secrets if secret in log.getvalue()] == []
    assert [secret for secret in secrets if secret in "".join(rows)] == []
