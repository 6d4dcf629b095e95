"""Webhooks over GraphQL, delivered to a server that verifies them with the standard's own library."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from dirty_equals import IsInt, IsStr
from standardwebhooks import Webhook, WebhookVerificationError

from simulators.server import serving
from tests.schema.asking import Asking, hour
from tests.store.test_cost import counted
from tests.webhooks.world import Receiver

pytestmark = pytest.mark.asyncio(loop_scope="module")

ENDPOINT = "id url description eventTypes isEnabled disabledReason failingSince previousSecretUntil createdAt"
LIST = f"{{ webhookEndpoints {{ {ENDPOINT} }} }}"
CREATE = f"""
mutation ($input: CreateWebhookEndpointInput!) {{
  createWebhookEndpoint(input: $input) {{
    ... on WebhookEndpointCreated {{ webhookEndpoint {{ {ENDPOINT} }} secret }}
    ... on Failure {{ code message field }}
  }}
}}
"""
UPDATE = f"""
mutation ($id: ID!, $input: UpdateWebhookEndpointInput!) {{
  updateWebhookEndpoint(id: $id, input: $input) {{
    ... on WebhookEndpointUpdated {{ webhookEndpoint {{ {ENDPOINT} }} }}
    ... on Failure {{ code message field }}
  }}
}}
"""
ROTATE = """
mutation ($id: ID!, $hours: Int! = 24) {
  rotateWebhookSecret(id: $id, overlapHours: $hours) {
    ... on WebhookSecretRotated { webhookEndpoint { previousSecretUntil } secret }
    ... on Failure { code message field }
  }
}
"""
DELETE = """
mutation ($id: ID!) {
  deleteWebhookEndpoint(id: $id) {
    ... on WebhookEndpointDeleted { webhookEndpointId }
    ... on Failure { code }
  }
}
"""
TEST = """
mutation ($id: ID!) {
  sendTestWebhook(endpointId: $id) {
    ... on TestWebhookSent { webhookDelivery { id type state attempts { id } } }
    ... on Failure { code }
  }
}
"""
AGAIN = """
mutation ($id: ID!) {
  redeliverWebhook(deliveryId: $id) {
    ... on WebhookRedelivered { webhookDelivery { id state } }
    ... on Failure { code }
  }
}
"""
ALL_AGAIN = """
mutation ($id: ID!, $since: DateTime!, $until: DateTime, $states: [DeliveryState!]! = [FAILED, GONE]) {
  redeliverWebhooks(endpointId: $id, since: $since, until: $until, states: $states) {
    ... on WebhooksRedelivered { count }
    ... on Failure { code field }
  }
}
"""
LOG = """
query ($id: ID!, $state: DeliveryState, $first: Int! = 50, $after: String) {
  webhookDeliveries(endpointId: $id, state: $state, first: $first, after: $after) {
    nodes { id messageId type payload orderingKey state nextAttemptAt createdAt finishedAt
      attempts { outcome status error response durationMs } }
    pageInfo { hasNextPage hasPreviousPage endCursor }
  }
}
"""


@dataclass
class Hooked:
    """A user with an endpoint, and the server there."""

    asking: Asking
    receiver: Receiver
    url: str
    endpoint: dict[str, Any]
    secret: str

    @property
    def id(self) -> str:
        id: str = self.endpoint["id"]
        return id

    async def deliver(self) -> None:
        deliverer = self.asking.door.services.deliverer
        while await deliverer.step():
            await deliverer.drained()

    async def log(self, **arguments: object) -> Any:  # noqa: ANN401 - JSON
        return (await self.asking.data(LOG, id=self.id, **arguments))["webhookDeliveries"]

    async def tested(self) -> dict[str, Any]:
        """The delivery of a test message that was sent."""
        sent = (await self.asking.data(TEST, id=self.id))["sendTestWebhook"]["webhookDelivery"]
        await self.deliver()
        return next(each for each in (await self.log())["nodes"] if each["id"] == sent["id"])


@asynccontextmanager
async def hooked(asking: Asking, *event_types: str) -> AsyncGenerator[Hooked]:
    receiver = Receiver()
    async with serving(receiver.app) as address:
        url = f"{address}/hooks"
        wanted = {"url": url, "eventTypes": list(event_types or ["*"])}
        created = (await asking.data(CREATE, input=wanted))["createWebhookEndpoint"]
        receiver.secrets = [created["secret"]]
        yield Hooked(asking, receiver, url, created["webhookEndpoint"], created["secret"])


async def test_an_endpoint_is_made_with_a_secret_that_is_told_once(ada: Asking) -> None:
    async with hooked(ada, "event.*", "sync.completed", "event.*") as hook:
        listed = (await ada.data(LIST))["webhookEndpoints"]

    assert hook.secret == IsStr(regex=r"whsec_[A-Za-z0-9+/]{43}=")
    assert listed == [hook.endpoint]
    assert hook.endpoint == {
        "id": IsStr(regex=r"whe_[a-z2-7]{24}"),
        "url": hook.url,
        "description": "",
        "eventTypes": ["event.*", "sync.completed"],
        "isEnabled": True,
        "disabledReason": None,
        "failingSince": None,
        "previousSecretUntil": None,
        "createdAt": IsStr(),
    }


async def test_a_sync_is_told_of_with_what_it_changed(ada: Asking) -> None:
    async with hooked(ada) as hook:
        feed = await ada.with_events("Stand-up")
        feed.put(f"0@{feed.name}", summary="Retro", start=hour(0))
        await ada.sync()
        await hook.deliver()
        log = (await hook.log())["nodes"]

    told = [body for _, body in hook.receiver.received]
    kinds = [body["type"] for body in told]
    (created,) = [body["data"] for body in told if body["type"] == "event.created"]
    (updated,) = [body["data"] for body in told if body["type"] == "event.updated"]
    runs = [body["data"] for body in told if body["type"] == "sync.completed"]
    assert sorted(kinds) == [
        "connection.connected",
        "event.created",
        "event.updated",
        "sync.completed",
        "sync.completed",
    ]
    assert (updated["event_id"], updated["seq"], updated["changed_fields"]) == (created["event_id"], 2, ["title"])
    assert (updated["before"]["title"], updated["after"]["title"]) == ("Stand-up", "Retro")
    assert sorted((run["new_events"], run["updated_events"]) for run in runs) == [(0, 1), (1, 0)]
    assert {each["state"] for each in log} == {"DELIVERED"}
    assert sorted(hook.receiver.messages) == sorted(each["messageId"] for each in log)


async def test_every_attempt_is_in_the_log_with_its_answer(ada: Asking) -> None:
    async with hooked(ada) as hook:
        hook.receiver.status = 500
        failed = await hook.tested()
        hook.receiver.status = 200
        await ada.data(AGAIN, id=failed["id"])
        await hook.deliver()
        (delivered,) = (await hook.log(state="DELIVERED"))["nodes"]
        (endpoint,) = (await ada.data(LIST))["webhookEndpoints"]

    attempt = {"error": None, "response": "thanks", "durationMs": IsInt()}
    assert (failed["state"], failed["attempts"]) == ("PENDING", [{"outcome": "FAILED", "status": 500, **attempt}])
    assert failed["nextAttemptAt"] is not None
    assert [each["outcome"] for each in delivered["attempts"]] == ["FAILED", "DELIVERED"]
    assert len(hook.receiver.messages) == 2
    assert set(hook.receiver.messages) == {delivered["messageId"]}
    assert endpoint["failingSince"] is None


async def test_while_a_secret_is_rotated_both_are_good(ada: Asking) -> None:
    async with hooked(ada) as hook:
        rotated = (await ada.data(ROTATE, id=hook.id))["rotateWebhookSecret"]
        hook.receiver.secrets = [hook.secret, rotated["secret"]]
        await hook.tested()

        ended = (await ada.data(ROTATE, id=hook.id, hours=0))["rotateWebhookSecret"]
        hook.receiver.secrets = [ended["secret"]]
        await hook.tested()
        refused = (await ada.data(ROTATE, id=hook.id, hours=169))["rotateWebhookSecret"]

    until = datetime.fromisoformat(rotated["webhookEndpoint"]["previousSecretUntil"])
    assert timedelta(hours=23) < until - datetime.now(UTC) <= timedelta(hours=24)
    assert len({hook.secret, rotated["secret"], ended["secret"]}) == 3
    assert len(hook.receiver.received) == 3
    assert (refused["code"], refused["field"]) == ("VALIDATION_ERROR", "overlapHours")


async def test_a_message_that_was_altered_or_signed_by_another_is_not_verified(ada: Asking) -> None:
    async with hooked(ada) as hook, hooked(ada) as other:
        hook.receiver.secrets = []
        taken = await hook.tested()

    signed = Webhook(hook.secret).sign(taken["messageId"], datetime.now(UTC), taken["payload"])
    headers = {
        "webhook-id": taken["messageId"],
        "webhook-timestamp": str(int(datetime.now(UTC).timestamp())),
        "webhook-signature": signed,
    }
    assert Webhook(hook.secret).verify(taken["payload"], headers)["type"] == "webhook.test"
    for secret, payload in ((other.secret, taken["payload"]), (hook.secret, taken["payload"] + " ")):
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(payload, headers)


async def test_an_endpoint_that_is_gone_is_switched_off_until_it_is_switched_on_again(ada: Asking) -> None:
    async with hooked(ada) as hook:
        hook.receiver.status = 410
        gone = await hook.tested()
        (off,) = (await ada.data(LIST))["webhookEndpoints"]
        refused = (await ada.data(TEST, id=hook.id))["sendTestWebhook"]

        hook.receiver.status = 200
        on = (await ada.data(UPDATE, id=hook.id, input={"isEnabled": True}))["updateWebhookEndpoint"]
        again = (await ada.data(ALL_AGAIN, id=hook.id, since=gone["createdAt"]))["redeliverWebhooks"]
        await hook.deliver()
        states = [each["state"] for each in (await hook.log())["nodes"]]

    assert (gone["state"], gone["attempts"][0]["status"]) == ("GONE", 410)
    assert (off["isEnabled"], off["disabledReason"]) == (False, "The endpoint answered 410 Gone: it wants no more.")
    assert refused["code"] == "CONFLICT"
    assert (on["webhookEndpoint"]["isEnabled"], on["webhookEndpoint"]["disabledReason"]) == (True, None)
    assert (again, states) == ({"count": 1}, ["DELIVERED"])


async def test_the_log_is_walked_page_by_page(ada: Asking) -> None:
    async with hooked(ada) as hook:
        sent = [(await hook.tested())["id"] for _ in range(5)]
        first = await hook.log(first=3)
        rest = await hook.log(first=3, after=first["pageInfo"]["endCursor"])
        with counted() as few:
            await hook.log(first=1)
        with counted() as many:
            await hook.log()
        code = await ada.code(LOG, id=hook.id, after="whd_x")

    assert [each["id"] for page in (first, rest) for each in page["nodes"]] == sent[::-1]
    assert (first["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasNextPage"]) == (True, False)
    assert many.statements == few.statements
    assert code == "INVALID_CURSOR"


async def test_an_endpoint_can_be_changed_and_deleted(ada: Asking) -> None:
    async with hooked(ada) as hook:
        changed = (await ada.data(UPDATE, id=hook.id, input={"description": "CRM", "eventTypes": ["event.created"]}))[
            "updateWebhookEndpoint"
        ]["webhookEndpoint"]
        off = (await ada.data(UPDATE, id=hook.id, input={"isEnabled": False}))["updateWebhookEndpoint"]
        deleted = (await ada.data(DELETE, id=hook.id))["deleteWebhookEndpoint"]

    assert (changed["description"], changed["eventTypes"], changed["url"]) == ("CRM", ["event.created"], hook.url)
    assert off["webhookEndpoint"]["disabledReason"] == "It was switched off."
    assert deleted == {"webhookEndpointId": hook.id}
    assert (await ada.data(LIST))["webhookEndpoints"] == []


@pytest.mark.parametrize(
    ("other", "code", "field"),
    [
        ({"url": "https://10.0.0.1/"}, "ADDRESS_REFUSED", None),
        ({"url": "http://93.184.216.34/"}, "ADDRESS_REFUSED", None),
        ({"eventTypes": []}, "VALIDATION_ERROR", "input.eventTypes"),
        ({"eventTypes": ["event.moved"]}, "VALIDATION_ERROR", "input.eventTypes"),
        ({"description": "x" * 201}, "VALIDATION_ERROR", "input.description"),
    ],
)
async def test_what_cannot_be_is_refused_as_data(
    ada: Asking, other: dict[str, object], code: str, field: str | None
) -> None:
    given = {"url": "http://127.0.0.1:8080/", "eventTypes": ["*"], **other}
    async with hooked(ada) as hook:
        created = (await ada.data(CREATE, input=given))["createWebhookEndpoint"]
        updated = (await ada.data(UPDATE, id=hook.id, input=other))["updateWebhookEndpoint"]

    assert (created["code"], created["field"]) == (updated["code"], updated["field"]) == (code, field)


async def test_there_are_so_many_endpoints_and_no_more(ada: Asking) -> None:
    given = {"url": "http://127.0.0.1:8080/", "eventTypes": ["*"]}
    answers = [(await ada.data(CREATE, input=given))["createWebhookEndpoint"] for _ in range(21)]

    assert [each.get("code") for each in answers] == [None] * 20 + ["CONFLICT"]


async def test_another_user_s_are_not_there(ada: Asking, bob: Asking) -> None:
    async with hooked(ada) as hook:
        delivery = await hook.tested()
        since = delivery["createdAt"]
        listed = (await bob.data(LIST))["webhookEndpoints"]
        log = (await bob.data(LOG, id=hook.id))["webhookDeliveries"]
        codes = [
            next(iter((await bob.data(document, **given)).values()))["code"]
            for document, given in (
                (UPDATE, {"id": hook.id, "input": {}}),
                (ROTATE, {"id": hook.id}),
                (DELETE, {"id": hook.id}),
                (TEST, {"id": hook.id}),
                (ALL_AGAIN, {"id": hook.id, "since": since}),
                (AGAIN, {"id": delivery["id"]}),
            )
        ]

    assert (listed, log) == ([], None)
    assert codes == ["WEBHOOK_ENDPOINT_NOT_FOUND"] * 5 + ["WEBHOOK_DELIVERY_NOT_FOUND"]


async def test_what_is_pending_is_not_sent_again_by_a_time(ada: Asking) -> None:
    async with hooked(ada) as hook:
        given = {"id": hook.id, "since": "2026-01-01T00:00:00Z", "states": ["PENDING"]}
        refused = (await ada.data(ALL_AGAIN, **given))["redeliverWebhooks"]

    assert refused == {"code": "VALIDATION_ERROR", "field": "states"}
