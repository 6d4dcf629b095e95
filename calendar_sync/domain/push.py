"""Push: a provider says that something changed in a calendar, and no more. Times are aware, UTC."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from calendar_sync.domain.providers import RemoteCalendar


@dataclass(frozen=True, slots=True)
class Watch:
    """What a provider is asked for: to notify `address` of every change of a calendar, until `until` or so.

    `channel` is our name for it, at most 64 characters, and `token` a secret of at most 128; notifications bring the
    token back, which is how they are known to be the provider's.
    """

    calendar: RemoteCalendar
    channel: str
    token: str
    address: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Channel:
    """What the provider gave: Google's channel, Graph's subscription.

    Notifications name it by `id` and, of a provider that has such, by `resource_id`. No more come after `expires_at`.
    """

    id: str
    resource_id: str | None
    expires_at: datetime


@runtime_checkable
class PushClient(Protocol):
    """What a `ProviderClient` is too where its provider pushes. All raise any `ProviderError`."""

    async def watch(self, watch: Watch) -> Channel | None:
        """Open a channel; `None` for a calendar of which the provider does not push (Google's holidays).

        The provider may notify, or ask whether the address is ours, before this returns.
        """
        ...

    async def renew(self, channel: Channel, until: datetime) -> Channel | None:
        """Extend a channel; `None` where it cannot be: it is gone, or its provider only opens new ones."""
        ...

    async def unwatch(self, channel: Channel) -> None:
        """End a channel. One that is gone already is no error."""
        ...
