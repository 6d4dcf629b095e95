"""Tokens are renewed in time and once, stored before they are used, and given up only when their provider says so."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest

from calendar_sync.connections.endpoints import OPERATOR_PAUSE
from calendar_sync.connections.tokens import LEASE
from calendar_sync.domain.errors import BadResponse, Disconnected, ProviderError, RateLimited, Unavailable
from calendar_sync.store.database import Database
from tests.connections.world import AtZoom, Process, a_process, a_zoom_connection, at_zoom, on_one_database

ACTIVE = ("active", None)


@pytest.fixture
async def zoom(database: Database) -> AsyncGenerator[AtZoom]:
    async with at_zoom(database) as zoom:
        yield zoom


@pytest.fixture
async def process(database: Database, zoom: AtZoom) -> AsyncGenerator[Process]:
    async with a_process(database, zoom.vendor) as process:
        yield process


async def test_a_token_is_renewed_ahead_of_its_end_and_used_until_then(zoom: AtZoom, process: Process) -> None:
    tokens = process.tokens(zoom.connection)
    first = await tokens.token()
    assert await tokens.token() == first

    process.clock.advance(timedelta(seconds=3530))
    assert await tokens.token() == first
    process.clock.advance(timedelta(seconds=20))
    assert await tokens.token() != first
    assert len(zoom.server.asked) == 2


async def test_what_replaces_a_refresh_token_is_stored_before_the_access_token_is_used(
    zoom: AtZoom, process: Process
) -> None:
    token = await process.tokens(zoom.connection).token()

    stored = await zoom.stored(process)
    assert stored.credentials["access_token"] == token
    assert {stored.credentials["refresh_token"]} == zoom.server.alive
    assert stored.identity == "z-1"


async def test_every_refresh_uses_the_refresh_token_of_the_one_before(zoom: AtZoom, process: Process) -> None:
    tokens = process.tokens(zoom.connection)
    token = "access-old"
    for _ in range(4):
        token = await tokens.renew(token)

    assert len({asked.form["refresh_token"] for asked in zoom.server.asked}) == 4
    assert await zoom.status(process) == ACTIVE


async def test_a_refresh_token_stays_where_none_comes_with_the_new_access_token(zoom: AtZoom, process: Process) -> None:
    zoom.server.rotates = False
    before = (await zoom.stored(process)).credentials["refresh_token"]

    token = await process.tokens(zoom.connection).token()

    after = (await zoom.stored(process)).credentials
    assert (after["access_token"], after["refresh_token"]) == (token, before)


async def test_eight_at_once_in_two_processes_ask_the_provider_once(zoom: AtZoom, database_url: str) -> None:
    one, two = await Database.open(database_url), await Database.open(database_url)
    async with a_process(one, zoom.vendor) as first, a_process(two, zoom.vendor) as second:
        sources = [process.tokens(zoom.connection) for process in (first, second)] * 4
        renewed = await asyncio.gather(*(source.renew("access-old") for source in sources))
    await one.close()
    await two.close()

    assert len(set(renewed)) == 1
    assert len(zoom.server.asked) == 1


async def test_a_token_that_another_process_has_renewed_already_is_taken_over(
    zoom: AtZoom, process: Process, database: Database
) -> None:
    async with a_process(database, zoom.vendor) as other:
        token = await other.tokens(zoom.connection).renew("access-old")

    assert await process.tokens(zoom.connection).renew("access-old") == token
    assert len(zoom.server.asked) == 1


async def test_the_lease_of_a_process_that_died_runs_out(zoom: AtZoom, process: Process) -> None:
    async with process.database.begin() as tx:
        stored = await tx.credentials.read(zoom.connection.id)
        assert stored is not None
        assert await tx.credentials.lease(stored, "a dead process", LEASE, process.clock())

    waiting = asyncio.create_task(process.tokens(zoom.connection).token())
    assert not (await asyncio.wait([waiting], timeout=0.25))[0]
    assert zoom.server.asked == []
    process.clock.advance(LEASE)

    assert (await waiting).startswith("access-")
    async with process.database.begin() as tx:
        assert not await tx.credentials.replace(stored, "a dead process", "too late")


async def test_a_grant_that_ended_asks_for_a_reconnect_and_nothing_more_of_the_provider(
    zoom: AtZoom, process: Process, caplog: pytest.LogCaptureFixture
) -> None:
    zoom.server.alive.clear()
    tokens = process.tokens(zoom.connection)

    outcomes = await asyncio.gather(*(tokens.token() for _ in range(8)), return_exceptions=True)
    with pytest.raises(Disconnected):
        await tokens.renew("access-old")

    assert {type(outcome) for outcome in outcomes} == {Disconnected}
    assert len(zoom.server.asked) == 1
    assert await zoom.status(process) == ("reconnect_required", "Token expired, please reconnect")
    assert caplog.text.count("must be connected again") == 1


async def test_a_grant_that_ended_while_the_user_gave_another_is_no_end(zoom: AtZoom, process: Process) -> None:
    zoom.server.gate.clear()
    waiting = asyncio.create_task(process.tokens(zoom.connection).token())
    await zoom.server.waiting.wait()
    await a_zoom_connection(process.database, zoom.actor, "refresh-new", "access-new")
    zoom.server.alive.clear()
    zoom.server.gate.set()

    assert await waiting == "access-new"
    assert await zoom.status(process) == ACTIVE


async def test_a_renewal_that_ends_after_the_user_gave_another_grant_does_not_overwrite_it(
    zoom: AtZoom, process: Process
) -> None:
    zoom.server.gate.clear()
    waiting = asyncio.create_task(process.tokens(zoom.connection).token())
    await zoom.server.waiting.wait()
    await a_zoom_connection(process.database, zoom.actor, "refresh-new", "access-new")
    zoom.server.gate.set()

    assert await waiting == "access-new"
    assert (await zoom.stored(process)).credentials["refresh_token"] == "refresh-new"


async def test_a_renewal_is_finished_and_stored_though_nobody_waits_for_it_any_more(
    zoom: AtZoom, process: Process
) -> None:
    zoom.server.gate.clear()
    waiting = asyncio.create_task(process.tokens(zoom.connection).token())
    await zoom.server.waiting.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    zoom.server.gate.set()
    await process.renewals.close()

    assert {(await zoom.stored(process)).credentials["refresh_token"]} == zoom.server.alive


async def test_our_wrong_client_secret_stops_the_asking_and_breaks_no_connection(
    zoom: AtZoom, process: Process, caplog: pytest.LogCaptureFixture
) -> None:
    zoom.server.refuse("invalid_client", 401)
    tokens = process.tokens(zoom.connection)

    for _ in range(5):
        with pytest.raises(Unavailable, match="its operator has been told"):
            await tokens.token()

    assert len(zoom.server.asked) == 1
    assert await zoom.status(process) == ACTIVE
    assert [record.levelname for record in caplog.records].count("ERROR") == 1
    process.clock.advance(OPERATOR_PAUSE)
    assert (await tokens.token()).startswith("access-")


@on_one_database
@pytest.mark.parametrize("word", ["unauthorized_client", "invalid_request", "invalid_scope"])
async def test_what_only_the_operator_can_mend_breaks_no_connection(zoom: AtZoom, process: Process, word: str) -> None:
    zoom.server.refuse(word)

    with pytest.raises(Unavailable, match="its operator has been told"):
        await process.tokens(zoom.connection).token()

    assert await zoom.status(process) == ACTIVE


@on_one_database
@pytest.mark.parametrize(
    ("status", "word", "error"),
    [
        (500, "invalid_grant ", Unavailable),
        (503, "", Unavailable),
        (400, "server_error", Unavailable),
        (429, "", RateLimited),
        (403, "", BadResponse),
        (302, "", BadResponse),
    ],
)
async def test_a_fault_that_passes_leaves_all_as_it_is_and_the_next_try_succeeds(
    zoom: AtZoom, process: Process, status: int, word: str, error: type[ProviderError]
) -> None:
    zoom.server.refuse(word, status)
    tokens = process.tokens(zoom.connection)

    with pytest.raises(error):
        await tokens.token()

    assert await zoom.status(process) == ACTIVE
    assert (await tokens.token()).startswith("access-")


@on_one_database
@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("7", timedelta(seconds=7)),
        ("99999999999", timedelta(hours=1)),
        ("Mon, 02 Mar 2026 11:00:00 GMT", timedelta()),
        ("Fri, 02 Mar 2029 11:00:00 GMT", timedelta(hours=1)),
        ("-3", None),
        ("soon", None),
        ("²", None),
    ],
)
async def test_a_limit_says_when_to_come_back(
    zoom: AtZoom, process: Process, header: str, wait: timedelta | None
) -> None:
    zoom.server.refuse("", 429, **{"retry-after": header})

    with pytest.raises(RateLimited) as error:
        await process.tokens(zoom.connection).token()

    assert error.value.retry_after == wait


@on_one_database
async def test_a_server_that_answers_no_json_is_not_understood(zoom: AtZoom, process: Process) -> None:
    zoom.server.answers.append((200, {"token": "x" * 300_000}, {}))

    with pytest.raises(BadResponse):
        await process.tokens(zoom.connection).token()


@on_one_database
@pytest.mark.parametrize(
    ("expires_in", "good_for"),
    [
        (3600, timedelta(seconds=3540)),
        ("3600", timedelta(seconds=3540)),
        (60, timedelta(seconds=30)),
        (0, timedelta()),
        (-5, timedelta()),
        (None, timedelta(seconds=3540)),
        ("soon", timedelta(seconds=3540)),
        ("nan", timedelta(seconds=3540)),
        (1e300, timedelta(seconds=3540)),
        (10**9, timedelta(days=365, minutes=-1)),
    ],
)
async def test_a_token_is_good_for_a_little_less_than_its_life(
    zoom: AtZoom, process: Process, expires_in: object, good_for: timedelta
) -> None:
    zoom.server.more = {"expires_in": expires_in}
    token = await process.tokens(zoom.connection).token()
    zoom.server.more = {}

    if good_for:
        process.clock.advance(good_for - timedelta(seconds=1))
        assert await process.tokens(zoom.connection).token() == token
    process.clock.advance(timedelta(seconds=2))
    assert await process.tokens(zoom.connection).token() != token


async def test_a_connection_that_is_gone_has_no_token(zoom: AtZoom, process: Process) -> None:
    async with process.database.begin() as tx:
        await tx.connections.delete(zoom.actor, zoom.connection.id)

    with pytest.raises(Disconnected):
        await process.tokens(zoom.connection).token()
    assert zoom.server.asked == []


async def test_without_client_credentials_an_account_waits_for_the_operator(zoom: AtZoom, database: Database) -> None:
    async with a_process(database) as process:
        with pytest.raises(Unavailable, match="no longer set up"):
            await process.tokens(zoom.connection).token()

        assert await zoom.status(process) == ACTIVE
