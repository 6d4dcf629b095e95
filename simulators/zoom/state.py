"""All that a simulated Zoom is made of, and what can be done to it in Python."""

from dataclasses import dataclass, field
from typing import Any

from simulators.faults import Faults
from simulators.vendor import Vendor
from simulators.zoom.accounts import User, World
from simulators.zoom.authority import SCOPES, App, Authority, Tokens
from simulators.zoom.errors import refusal
from simulators.zoom.limits import Limits
from simulators.zoom.pages import Pages
from simulators.zoom.quirks import Quirks


@dataclass(slots=True, kw_only=True)
class State(Vendor):
    """Everything in it may be read and changed while it is served."""

    quirks: Quirks = field(default_factory=Quirks)
    faults: Faults = field(default_factory=lambda: Faults(refusal))
    world: World = field(init=False)
    authority: Authority = field(init=False)
    pages: Pages = field(init=False)
    limits: Limits = field(init=False)

    def __post_init__(self) -> None:
        self.world = World(self.clock)
        self.authority = Authority(self.clock, self.quirks)
        self.pages = Pages(self.clock, self.quirks)
        self.limits = Limits(self.clock, self.quirks)

    def add_client(self, app_id: str, secret: str, *redirect_uris: str, scopes: tuple[str, ...] = SCOPES) -> App:
        """Register an app, which without `redirect_uris` may send users back anywhere."""
        app = App(app_id, secret, redirect_uris, scopes)
        self.authority.apps[app.id] = app
        return app

    def add_user(self, email: str, name: str = "", **properties: Any) -> User:  # noqa: ANN401 - those of User
        return self.world.add_user(email, name, **properties)

    def grant(self, app: App, user: User) -> Tokens:
        """Tokens for an app, without the way through the browser."""
        return self.authority.grant(app, user)

    def settings(self, base: str) -> dict[str, str]:
        """What calendar-sync must be told to find this simulator, served at `base`, and to be its first app."""
        addresses = {"ZOOM_API_URL": f"{base}/v2", "ZOOM_LOGIN_URL": base}
        app = next(iter(self.authority.apps.values()), None)
        return addresses if app is None else addresses | {"ZOOM_CLIENT_ID": app.id, "ZOOM_CLIENT_SECRET": app.secret}
