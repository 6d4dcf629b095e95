"""Identifiers of everything the store holds, and how they are made.

What a provider names gets an identifier *derived* from the provider's own name for it, so that reading the same
calendar again, by whatever way, arrives at the same identifier. What only we name gets a random one.
"""

from base64 import b32encode
from hashlib import blake2b
from secrets import token_bytes
from typing import NewType

OrganizationId = NewType("OrganizationId", str)
UserId = NewType("UserId", str)
ApiKeyId = NewType("ApiKeyId", str)
ConnectionId = NewType("ConnectionId", str)
CalendarId = NewType("CalendarId", str)
EventId = NewType("EventId", str)
OccurrenceId = NewType("OccurrenceId", str)
MeetingId = NewType("MeetingId", str)
RunId = NewType("RunId", str)
OrgCalendarId = NewType("OrgCalendarId", str)
ChannelId = NewType("ChannelId", str)
ExportFeedId = NewType("ExportFeedId", str)
AutoJoinRuleId = NewType("AutoJoinRuleId", str)
WebhookEndpointId = NewType("WebhookEndpointId", str)
WebhookMessageId = NewType("WebhookMessageId", str)
WebhookDeliveryId = NewType("WebhookDeliveryId", str)
WebhookAttemptId = NewType("WebhookAttemptId", str)

_BYTES = 15  # 120 bits: 24 base-32 characters without padding


def _text(raw: bytes) -> str:
    return b32encode(raw).decode("ascii").lower()


def _derived(*names: str) -> str:
    digest = blake2b(digest_size=_BYTES)
    for name in names:
        encoded = name.encode()
        digest.update(len(encoded).to_bytes(8, "big"))
        digest.update(encoded)
    return _text(digest.digest())


def _random() -> str:
    return _text(token_bytes(_BYTES))


def new_organization_id() -> OrganizationId:
    return OrganizationId(f"org_{_random()}")


def new_user_id() -> UserId:
    return UserId(f"usr_{_random()}")


def new_api_key_id() -> ApiKeyId:
    return ApiKeyId(f"ak_{_random()}")


def new_run_id() -> RunId:
    return RunId(f"run_{_random()}")


def new_org_calendar_id() -> OrgCalendarId:
    return OrgCalendarId(f"mcorg_{_random()}")


def new_channel_id() -> ChannelId:
    """Of what providers take as the name of a channel: `ch_` and 24 letters and digits."""
    return ChannelId(f"ch_{_random()}")


def new_export_feed_id() -> ExportFeedId:
    return ExportFeedId(f"feed_{_random()}")


def new_auto_join_rule_id() -> AutoJoinRuleId:
    return AutoJoinRuleId(f"majr_{_random()}")


def new_webhook_endpoint_id() -> WebhookEndpointId:
    return WebhookEndpointId(f"whe_{_random()}")


def new_webhook_message_id() -> WebhookMessageId:
    """What receivers see as `webhook-id`: the same in each attempt and for every endpoint."""
    return WebhookMessageId(f"msg_{_random()}")


def new_webhook_delivery_id() -> WebhookDeliveryId:
    return WebhookDeliveryId(f"whd_{_random()}")


def new_webhook_attempt_id() -> WebhookAttemptId:
    return WebhookAttemptId(f"wha_{_random()}")


def connection_id(user: UserId, provider: str, account: str) -> ConnectionId:
    """The connection of `user` to one account of a provider; the same again when the account is connected anew."""
    return ConnectionId(f"tcred_{_derived(user, provider, account)}")


def calendar_id(connection: ConnectionId, remote_id: str) -> CalendarId:
    return CalendarId(f"cal_{_derived(connection, remote_id)}")


def event_id(calendar: CalendarId, remote_id: str) -> EventId:
    """An event object: a single event, or a series with all its exceptions."""
    return EventId(f"evt_{_derived(calendar, remote_id)}")


def occurrence_id(event: EventId, original_start: str, *, attempt: int = 0) -> OccurrenceId:
    """One concrete instance of an event object, named by its original start (empty for a single event).

    `attempt` is raised when a moved series left the plain identifier with another instance.
    """
    names = (event, original_start) if attempt == 0 else (event, original_start, str(attempt))
    return OccurrenceId(f"mcevt_{_derived(*names)}")
