"""What Microsoft sends: whether the address is ours, changes in batches, and what happens to subscriptions."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta

import httpx
import orjson
import pytest
import pytest_asyncio

from calendar_sync.domain.connections import ConnectionStatus
from calendar_sync.domain.sync import Trigger
from tests.push.graph import Subscription, a_subscription, body
from tests.push.world import WEBHOOKS
from tests.web.conftest import door
from tests.web.door import Door, code_of

__all__ = ["door"]

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def client(door: Door) -> AsyncGenerator[httpx.AsyncClient]:
    async with door.asking() as client:
        yield client


async def pushed(door: Door, subscription: Subscription) -> int:
    """Runs that were pushed for; none of them gets far, for the account is made up."""
    await door.services.sync.settled()
    runs = await door.services.sync.runs(subscription.actor, limit=1000)
    return sum(run.trigger is Trigger.PUSH for run in runs)


# Whether the address is ours


@pytest.mark.parametrize("token", ["Validation: a b", "<script>alert(1)</script>", "a+b%2F&c=d", "ü€", "x" * 512])
async def test_the_token_comes_back_as_it_was_sent_and_as_nothing_but_text(
    client: httpx.AsyncClient, token: str
) -> None:
    answer = await client.post(WEBHOOKS, params={"validationToken": token})

    assert (answer.status_code, answer.text) == (200, token)
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("token", ["", "x" * 513, "ü" * 257, "x" * 10_240])
async def test_a_token_that_is_none_is_not_sent_back(client: httpx.AsyncClient, token: str) -> None:
    answer = await client.post(WEBHOOKS, params={"validationToken": token})
    assert (answer.status_code, code_of(answer)) == (400, "BAD_VALIDATION_TOKEN")


# Changes


async def test_a_change_asks_for_a_sync_and_is_answered_before_it(door: Door, client: httpx.AsyncClient) -> None:
    subscription = await a_subscription(door.services.database)

    answer = await client.post(WEBHOOKS, json=body(subscription.item()))

    assert (answer.status_code, answer.json()) == (202, {"accepted": 1})
    assert await pushed(door, subscription) == 1


WRONG: dict[str, dict[str, object]] = {
    "another client state": {"clientState": "forged"},
    "no client state": {"clientState": None},
    "a client state that is no text": {"clientState": {"a": 1}},
    "another subscription": {"subscriptionId": "00000000"},
    "a subscription that is no text": {"subscriptionId": 7},
    "a subscription without a name": {"subscriptionId": ""},
    "a name that is too long": {"subscriptionId": "x" * 200_000},
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
async def test_a_forged_change_is_answered_as_if_there_were_nothing(
    door: Door, client: httpx.AsyncClient, wrong: dict[str, object]
) -> None:
    subscription = await a_subscription(door.services.database)

    answer = await client.post(WEBHOOKS, json=body(subscription.item(**wrong)))

    assert (answer.status_code, code_of(answer)) == (404, "CHANNEL_NOT_FOUND")
    assert await subscription.pending() == (0, 0)


async def test_a_subscription_of_which_the_time_is_over_is_not_heard(door: Door, client: httpx.AsyncClient) -> None:
    subscription = await a_subscription(door.services.database, expires_in=timedelta(seconds=-1))
    assert (await client.post(WEBHOOKS, json=body(subscription.item()))).status_code == 404


async def test_of_a_mixed_batch_only_the_good_items_are_used(door: Door, client: httpx.AsyncClient) -> None:
    good, other, forged = [await a_subscription(door.services.database) for _ in range(3)]
    items = [forged.item(**wrong) for wrong in WRONG.values() if "x" * 100 not in str(wrong)]

    answer = await client.post(WEBHOOKS, json=body(good.item(), *items, "junk", None, [], other.item(), good.item()))

    assert (answer.status_code, answer.json()) == (202, {"accepted": 3})
    assert [await pushed(door, each) for each in (good, other, forged)] == [1, 1, 0]


async def test_ten_thousand_items_are_one_sync(door: Door, client: httpx.AsyncClient) -> None:
    subscription = await a_subscription(door.services.database)
    answer = await client.post(WEBHOOKS, content=_compact([subscription.item(), *[{}] * 9_999]), headers=JSON)
    assert (answer.status_code, answer.json()) == (202, {"accepted": 1})
    assert await pushed(door, subscription) == 1
    too_many = await client.post(WEBHOOKS, content=_compact([{}] * 10_001), headers=JSON)
    assert (too_many.status_code, code_of(too_many)) == (422, "VALIDATION_ERROR")


MALFORMED: dict[str, tuple[bytes, int]] = {
    "nothing": (b"", 400),
    "half an object": (b'{"value": [', 400),
    "a list": (b"[]", 400),
    "no list": (b'{"value": {}}', 422),
    "another object": (b"{}", 422),
    "no UTF-8": (b'{"value": ["\xff"]}', 400),
    "a deep hole": (b'{"value": ' + b"[" * 5_000 + b"]" * 5_000 + b"}", 400),
    "more than a quarter of a megabyte": (b" " * (256 * 1024 + 1), 413),
}
JSON = {"content-type": "application/json"}


@pytest.mark.parametrize(("content", "status"), MALFORMED.values(), ids=MALFORMED)
async def test_what_cannot_be_read_is_refused(client: httpx.AsyncClient, content: bytes, status: int) -> None:
    answer = await client.post(WEBHOOKS, content=content, headers=JSON)
    assert answer.status_code == status
    code_of(answer)


async def test_an_account_that_is_to_be_connected_anew_is_left_alone(door: Door, client: httpx.AsyncClient) -> None:
    subscription = await a_subscription(door.services.database)
    async with door.services.database.begin() as tx:
        await tx.connections.mark(subscription.connection.id, ConnectionStatus.RECONNECT_REQUIRED, "Token expired")

    assert (await client.post(WEBHOOKS, json=body(subscription.item()))).status_code == 202
    assert await subscription.pending() == (0, 0)


# What happens to the subscription itself


async def test_missed_changes_are_fetched(door: Door, client: httpx.AsyncClient) -> None:
    subscription = await a_subscription(door.services.database)
    answer = await client.post(WEBHOOKS, json=body(subscription.item(lifecycleEvent="missed")))
    assert (answer.status_code, await pushed(door, subscription)) == (202, 1)


async def test_a_subscription_that_has_to_be_reauthorized_is_renewed_by_the_next_run(
    door: Door, client: httpx.AsyncClient
) -> None:
    subscription = await a_subscription(door.services.database)
    answer = await client.post(WEBHOOKS, json=body(subscription.item(lifecycleEvent="reauthorizationRequired")))
    stored = await subscription.stored()

    assert answer.status_code == 202
    assert stored is not None
    assert stored.renew_at is not None
    assert stored.renew_at <= datetime.now(UTC)
    assert await pushed(door, subscription) == 1


async def test_a_subscription_that_was_removed_is_forgotten_and_opened_by_the_next_run(
    door: Door, client: httpx.AsyncClient
) -> None:
    subscription = await a_subscription(door.services.database)
    removed = subscription.item(lifecycleEvent="subscriptionRemoved")

    assert (await client.post(WEBHOOKS, json=body(removed))).status_code == 202
    assert await subscription.stored() is None
    assert await pushed(door, subscription) == 1
    assert (await client.post(WEBHOOKS, json=body(removed))).status_code == 404


async def test_forged_news_of_a_subscription_change_nothing(door: Door, client: httpx.AsyncClient) -> None:
    subscription = await a_subscription(door.services.database)
    before = await subscription.stored()
    for event in ("reauthorizationRequired", "subscriptionRemoved", "missed"):
        forged = subscription.item(lifecycleEvent=event, clientState="forged")
        assert (await client.post(WEBHOOKS, json=body(forged))).status_code == 404
    assert await subscription.stored() == before


@pytest.mark.parametrize("event", ["somethingNew", 7, {"a": 1}])
async def test_news_that_are_not_understood_are_as_good_as_a_change(
    door: Door, client: httpx.AsyncClient, event: object
) -> None:
    subscription = await a_subscription(door.services.database)
    answer = await client.post(WEBHOOKS, json=body(subscription.item(lifecycleEvent=event)))
    assert (answer.status_code, await pushed(door, subscription)) == (202, 1)


def _compact(items: list[object]) -> bytes:
    return orjson.dumps(body(*items))
