"""All that a simulated Microsoft is made of, and what can be done to it in Python."""

from dataclasses import dataclass, field
from typing import Any

from simulators.faults import Faults
from simulators.microsoft.accounts import Account, World
from simulators.microsoft.authority import Authority, Client, Tokens
from simulators.microsoft.delta import Rounds
from simulators.microsoft.faults import refusal
from simulators.microsoft.push import Push
from simulators.microsoft.quirks import Quirks
from simulators.microsoft.throttle import Throttle
from simulators.vendor import Vendor

SCOPES = ("openid", "email", "profile", "offline_access", "User.Read", "Calendars.Read")


@dataclass(slots=True, kw_only=True)
class State(Vendor):
    """Everything in it may be read and changed while it is served."""

    quirks: Quirks = field(default_factory=Quirks)
    faults: Faults = field(default_factory=lambda: Faults(refusal))
    world: World = field(init=False)
    authority: Authority = field(init=False)
    push: Push = field(init=False)
    rounds: Rounds = field(init=False)
    throttle: Throttle = field(init=False)

    def __post_init__(self) -> None:
        self.push = Push(self.clock, self.quirks)
        self.world = World(self.clock, on_change=self.push.notify)
        self.authority = Authority(self.clock, self.quirks)
        self.rounds = Rounds(self.clock, self.quirks)
        self.throttle = Throttle(self.clock, self.quirks)

    def add_client(self, client_id: str, secret: str | None, *redirect_uris: str, **properties: Any) -> Client:  # noqa: ANN401
        """Register an application; `properties` are those of `Client`."""
        client = Client(client_id, secret, redirect_uris, **properties)
        self.authority.clients[client.id] = client
        return client

    def add_account(self, email: str, name: str = "", **properties: Any) -> Account:  # noqa: ANN401
        """An account with an empty default calendar; `properties` are `time_zone`, `tenant` and `has_mailbox`."""
        return self.world.add_account(email, name, **properties)

    def grant(self, client: Client, account: Account, *scopes: str) -> Tokens:
        """Tokens for a client, without the way through the browser; for what reads calendars, unless told otherwise."""
        return self.authority.grant(client, account, *(scopes or SCOPES))

    def settings(self, base: str) -> dict[str, str]:
        """What calendar-sync must be told to find this simulator, served at `base`, and to be its first client."""
        addresses = {"MICROSOFT_API_URL": f"{base}/v1.0", "MICROSOFT_LOGIN_URL": base}
        client = next(iter(self.authority.clients.values()), None)
        if client is None:
            return addresses
        secret = {} if client.secret is None else {"MICROSOFT_CLIENT_SECRET": client.secret}
        return addresses | {"MICROSOFT_CLIENT_ID": client.id} | secret
