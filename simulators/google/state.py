"""All that a simulated Google is made of, and what can be done to it in Python."""

from dataclasses import dataclass, field
from typing import Any

from simulators.faults import Faults
from simulators.google.accounts import Account, World
from simulators.google.authority import Authority, Client, Tokens
from simulators.google.faults import refusal
from simulators.google.push import Push
from simulators.google.quirks import Quirks
from simulators.google.quota import Quota
from simulators.google.tokens import Pages
from simulators.vendor import Vendor


@dataclass(slots=True, kw_only=True)
class State(Vendor):
    """Everything in it may be read and changed while it is served."""

    quirks: Quirks = field(default_factory=Quirks)
    faults: Faults = field(default_factory=lambda: Faults(refusal))
    world: World = field(init=False)
    authority: Authority = field(init=False)
    push: Push = field(init=False)
    pages: Pages = field(init=False)
    quota: Quota = field(init=False)

    def __post_init__(self) -> None:
        self.push = Push(self.clock, self.quirks)
        self.world = World(self.clock, on_change=self.push.notify)
        self.authority = Authority(self.clock, self.quirks)
        self.pages = Pages(self.quirks)
        self.quota = Quota(self.clock, self.quirks)

    def add_client(self, client_id: str, secret: str, *redirect_uris: str, **properties: Any) -> Client:  # noqa: ANN401
        """Register an application; `properties` are those of `Client`."""
        client = Client(client_id, secret, redirect_uris, **properties)
        self.authority.clients[client.id] = client
        return client

    def add_account(self, email: str, name: str = "", **properties: Any) -> Account:  # noqa: ANN401
        """An account with an empty primary calendar; `properties` are `aliases` and `time_zone`."""
        return self.world.add_account(email, name, **properties)

    def grant(self, client: Client, account: Account, *scopes: str) -> Tokens:
        """Tokens for a client, without the way through the browser."""
        return self.authority.grant(client, account, *scopes)

    def settings(self, base: str) -> dict[str, str]:
        """What calendar-sync must be told to find this simulator, served at `base`, and to be its first client."""
        addresses = {
            "GOOGLE_API_URL": f"{base}/calendar/v3",
            "GOOGLE_AUTHORIZE_URL": f"{base}/o/oauth2/v2/auth",
            "GOOGLE_TOKEN_URL": f"{base}/token",
            "GOOGLE_REVOKE_URL": f"{base}/revoke",
        }
        client = next(iter(self.authority.clients.values()), None)
        if client is None:
            return addresses
        return addresses | {"GOOGLE_CLIENT_ID": client.id, "GOOGLE_CLIENT_SECRET": client.secret}
