"""What a caller is told of an error, and what only the log is told."""

import logging
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta

import pytest

from calendar_sync.connections.service import ConnectionOverview, ConnectionService
from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.errors import CalendarSyncError, Conflict, NotPermitted, RateLimited, StoreUnavailable
from calendar_sync.domain.identifiers import ConnectionId
from tests.schema.asking import Asking, error_of
from tests.web.door import Door

pytestmark = pytest.mark.asyncio(loop_scope="module")

QUERY = '{ me { isAdmin } connection(id: "x") { id } }'
SECRET = "postgresql://user:secret@/srv/calendar-sync/store.db"


@dataclass(frozen=True, slots=True)
class FailingConnections(ConnectionService):
    """Fails whenever one connection is asked for."""

    error: Exception = field(kw_only=True)

    async def get(self, actor: Actor, connection: ConnectionId) -> ConnectionOverview:
        raise self.error


def failing(door: Door, error: Exception) -> Door:
    """The same server, with a fault in it."""
    real = door.services.connections
    known = {field.name: getattr(real, field.name) for field in fields(real)}
    services = replace(door.services, connections=FailingConnections(**known, error=error))
    return replace(door, services=services, state={**door.state, "services": services})


async def test_an_unexpected_error_is_masked_and_logged_and_the_rest_is_answered(
    door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    async with failing(door, RuntimeError(SECRET)).asking(await door.key()) as client:
        answer = await client.post("/graphql", json={"query": QUERY})

    error = error_of(answer)
    assert (answer.status_code, answer.json()["data"]) == (200, {"me": {"isAdmin": False}, "connection": None})
    assert (error["path"], error["extensions"]["code"]) == (["connection"], "INTERNAL_ERROR")
    assert SECRET not in answer.text
    [record] = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], RuntimeError)
    assert vars(record)["field"] == "connection"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (StoreUnavailable(), "STORE_UNAVAILABLE"),
        (Conflict("It is being changed."), "CONFLICT"),
        (NotPermitted("Not for you."), "INSUFFICIENT_PERMISSIONS"),
        (RateLimited("Later.", retry_after=timedelta(minutes=1)), "PROVIDER_RATE_LIMITED"),
    ],
)
async def test_an_error_of_ours_is_told_by_its_code_and_sentence(
    door: Door, caplog: pytest.LogCaptureFixture, error: CalendarSyncError, code: str
) -> None:
    async with failing(door, error).asking(await door.key()) as client:
        answer = await client.post("/graphql", json={"query": QUERY})

    told = error_of(answer)
    assert (told["extensions"]["code"], told["message"]) == (code, error.message)
    assert answer.json()["data"]["me"] is not None
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


async def test_an_error_without_a_code_of_its_own_is_masked(door: Door) -> None:
    async with failing(door, CalendarSyncError(SECRET)).asking(await door.key()) as client:
        answer = await client.post("/graphql", json={"query": QUERY})

    assert error_of(answer)["extensions"]["code"] == "INTERNAL_ERROR"
    assert SECRET not in answer.text


async def test_what_the_caller_wrote_is_not_echoed_at_length(ada: Asking, caplog: pytest.LogCaptureFixture) -> None:
    answer = await ada.answer("query ($n: Int!) { events(first: $n) { totalCount } }", n="x" * 200_000)

    assert len(answer.content) < 1000
    assert all(len(record.getMessage()) < 2000 for record in caplog.records)
