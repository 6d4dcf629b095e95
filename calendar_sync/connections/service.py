"""The use case of connecting accounts, choosing their calendars and disconnecting, whoever asks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from calendar_sync.connections.channels import ChannelCloser
from calendar_sync.connections.oauth import AuthorizationRequired, Callback, OAuth
from calendar_sync.connections.vendors import SETTINGS
from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.changes import ChangeCause
from calendar_sync.domain.connections import Calendar, Connection
from calendar_sync.domain.errors import ConsentFailed, Invalid
from calendar_sync.domain.identifiers import CalendarId, ConnectionId, connection_id
from calendar_sync.domain.providers import Provider, ProviderName
from calendar_sync.store.database import Database
from calendar_sync.store.keyring import Keyring
from calendar_sync.store.sealed_accounts import seal


@dataclass(frozen=True, slots=True)
class ConnectionOverview:
    """A connection and how many occurrences it holds."""

    connection: Connection
    event_count: int


@dataclass(frozen=True, slots=True)
class ConnectionService:
    """Every answer is limited to the actor's own connections; another user's is `NotFound`."""

    database: Database
    keyring: Keyring
    providers: Mapping[ProviderName, Provider]
    clock: Callable[[], datetime]
    oauth: OAuth | None = None
    channels: ChannelCloser | None = None
    first_sync_after: timedelta = timedelta()
    """How long the first sync of a new connection is left to whoever connected it; then it is due."""

    def available_providers(self) -> Sequence[ProviderName]:
        """The providers that this server can connect."""
        return [name for name in ProviderName if self.why_unavailable(name) is None]

    def why_unavailable(self, provider: ProviderName) -> str | None:
        """Why this server cannot connect accounts of a provider, if it cannot: a sentence that helps its operator."""
        if provider not in self.providers:
            return f"This version of the server cannot read {provider}."
        if provider in SETTINGS and (self.oauth is None or provider not in self.oauth.vendors):
            label, prefix = SETTINGS[provider]
            names = f"CALENDAR_SYNC_{prefix}_CLIENT_ID and CALENDAR_SYNC_{prefix}_CLIENT_SECRET"
            return f"This server has no client credentials of {label}: its operator must set {names}."
        return None

    async def expect_keys(self) -> None:
        """Raises `Invalid` where stored credentials are encrypted with a key that is not configured."""
        async with self.database.begin(write=False) as tx:
            ciphertext = await tx.connections.any_ciphertext()
        if ciphertext is not None and not self.keyring.knows(ciphertext):
            raise Invalid(
                "Stored credentials are encrypted with a key that is not configured: "
                "add it to CALENDAR_SYNC_ENCRYPTION_KEYS, after the new one.",
                field="encryption_keys",
            )

    async def list(self, actor: Actor) -> Sequence[ConnectionOverview]:
        async with self.database.begin(write=False, actor=actor) as tx:
            counts = await tx.connections.event_counts(actor)
            return [
                ConnectionOverview(connection, counts.get(connection.id, 0))
                for connection in await tx.connections.list(actor)
            ]

    async def get(self, actor: Actor, connection: ConnectionId) -> ConnectionOverview:
        async with self.database.begin(write=False, actor=actor) as tx:
            found = await tx.connections.get(actor, connection)
            counts = await tx.connections.event_counts(actor)
            return ConnectionOverview(found, counts.get(connection, 0))

    async def start(
        self, actor: Actor, provider: str, credentials: Mapping[str, object] | None
    ) -> ConnectionOverview | AuthorizationRequired:
        """Connect an account; or, of a provider by OAuth, say where the user must allow it.

        Such an account is named by `login_hint` in `credentials`, or not at all. Raises as `connect`.
        """
        name = self._provider(provider).name
        if self.oauth is None or name not in self.oauth.vendors:
            return await self.connect(actor, name, credentials)
        return await self.oauth.begin(actor, name, _texts(credentials).get("login_hint"))

    async def connect(
        self, actor: Actor, provider: str, credentials: Mapping[str, object] | None
    ) -> ConnectionOverview:
        """Check the credentials with the provider and keep them, encrypted.

        An account that is connected already keeps its connection, identifiers and events, and is active again.
        Raises `Invalid` naming the field, `AddressRefused`, `Disconnected` when the provider refuses the credentials,
        or another `ProviderError`.
        """
        service = self._provider(provider)
        account = await service.connect(_texts(credentials))
        connection = connection_id(actor.user_id, service.name, account.identity)
        async with self.database.begin(actor=actor) as tx:
            await tx.connections.save(
                id=connection,
                actor=actor,
                provider=service.name,
                identity=account.identity,
                email=account.email,
                ciphertext=seal(self.keyring, connection, account),
                now=(now := self.clock()),
                first_sync_at=now + self.first_sync_after,
            )
        return await self.get(actor, connection)

    async def complete(self, callback: Callback) -> ConnectionOverview:
        """What `start` began, when the user comes back from the provider. Raises as `OAuth.complete`."""
        if self.oauth is None:
            raise ConsentFailed("This server connects no accounts by consent.")
        actor, connection = await self.oauth.complete(callback)
        return await self.get(actor, connection.id)

    async def disconnect(self, actor: Actor, connection: ConnectionId) -> None:
        """Forget the connection, its credentials and all its events. A run under way stops writing.

        The provider is told first, unless the account is connected elsewhere too: a revocation would end that as well.
        """
        overview = await self.get(actor, connection)
        if self.channels is not None:
            await self.channels.close(overview.connection)
        await self._revoke(overview)
        async with self.database.begin(actor=actor) as tx:
            await tx.connections.delete(actor, connection)

    async def calendars(self, actor: Actor, connection: ConnectionId | None = None) -> Sequence[Calendar]:
        """The calendars of one connection, or of all: as its last sync listed them."""
        async with self.database.begin(write=False, actor=actor) as tx:
            if connection is not None:
                await tx.connections.get(actor, connection)
            return await tx.calendars.list(actor, connection)

    async def calendars_of(
        self, actor: Actor, connections: Sequence[ConnectionId]
    ) -> Mapping[ConnectionId, Sequence[Calendar]]:
        """The same for many connections, in one query."""
        found: dict[ConnectionId, list[Calendar]] = {connection: [] for connection in connections}
        for calendar in await self.calendars(actor):
            if calendar.connection_id in found:
                found[calendar.connection_id].append(calendar)
        return found

    async def select_calendars(
        self, actor: Actor, connection: ConnectionId, calendars: Sequence[CalendarId]
    ) -> Sequence[Calendar]:
        """Read these calendars of the connection from now on, and no others.

        The events of a calendar that is no longer selected are removed; those of a newly selected one come with the
        next sync. Raises `NotFound`.
        """
        now = self.clock()
        async with self.database.begin(actor=actor) as tx:
            await tx.connections.get(actor, connection)
            before = {calendar.id for calendar in await tx.calendars.list(actor, connection) if calendar.is_selected}
            after = await tx.calendars.select(actor, connection, calendars)
            dropped = before.difference(calendars)
            if dropped:
                # A run that had read half of one, and met it selected again, would leave the other half out.
                await tx.connections.interrupt(connection)
            for calendar in dropped:
                await tx.events.remove_calendar_events(calendar, None, now, cause=ChangeCause.DESELECT)
            return after

    async def _revoke(self, overview: ConnectionOverview) -> None:
        connection = overview.connection
        if self.oauth is None or connection.provider not in self.oauth.vendors:
            return
        async with self.database.begin(write=False) as tx:  # for everybody: others may share the account
            ciphertext = await tx.connections.ciphertext(connection.id)
            is_shared = await tx.credentials.is_shared(connection.id)
        if not is_shared:
            await self.oauth.revoke(connection, ciphertext)

    def _provider(self, name: str) -> Provider:
        if name not in set(ProviderName):
            raise Invalid(f"provider must be one of {', '.join(ProviderName)}.", field="provider")
        reason = self.why_unavailable(ProviderName(name))
        if reason is not None:
            raise Invalid(reason, field="provider")
        return self.providers[ProviderName(name)]


def _texts(credentials: Mapping[str, object] | None) -> Mapping[str, str]:
    texts: dict[str, str] = {}
    for name, value in (credentials or {}).items():
        if not isinstance(value, str):
            raise Invalid(f"credentials.{name} must be a text.", field=f"credentials.{name}")
        texts[name] = value
    return texts
