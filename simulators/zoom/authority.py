"""Apps, consents, codes and tokens, with Zoom's rules of when they are given and when they die."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from secrets import token_urlsafe

from simulators.clock import Clock
from simulators.oauth import meets_challenge
from simulators.zoom.accounts import User
from simulators.zoom.errors import ApiError, OAuthError, expired_token, invalid_client, invalid_grant, invalid_token
from simulators.zoom.quirks import Quirks

SCOPES = (
    "meeting:read:list_meetings",
    "meeting:read:list_upcoming_meetings",
    "meeting:read:meeting",
    "user:read:user",
)


@dataclass(slots=True, eq=False)
class App:
    """An app as its operator registered it at the Marketplace, `scopes` included. Without `redirect_uris` it may
    use any loopback address.
    """

    id: str
    secret: str
    redirect_uris: tuple[str, ...] = ()
    scopes: tuple[str, ...] = SCOPES
    name: str = "An app"


@dataclass(slots=True, eq=False)
class Code:
    """An authorization code and what it was asked for with."""

    value: str
    app: App
    user: User
    redirect_uri: str
    expires: datetime
    challenge: str | None = None
    is_used: bool = False


@dataclass(slots=True, eq=False)
class RefreshToken:
    value: str
    app: App
    user: User
    scopes: tuple[str, ...]
    expires: datetime
    is_dead: bool = False


@dataclass(slots=True, eq=False)
class AccessToken:
    value: str
    app: App
    user: User
    scopes: tuple[str, ...]
    expires: datetime


@dataclass(frozen=True, slots=True)
class Tokens:
    """What an app is handed out: always both."""

    access: AccessToken
    refresh: RefreshToken


@dataclass(slots=True)
class Authority:
    clock: Clock
    quirks: Quirks
    apps: dict[str, App] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)
    refresh_tokens: dict[str, RefreshToken] = field(default_factory=dict)
    access_tokens: dict[str, AccessToken] = field(default_factory=dict)

    # What users do

    def grant(self, app: App, user: User, scopes: Iterable[str] | None = None) -> Tokens:
        """Tokens for an app, without the way through the browser."""
        allowed = app.scopes if scopes is None else scopes
        return self._handed_out(app, user, [each for each in allowed if each not in self.quirks.withheld_scopes])

    def withdraw(self, user: User, app: App | None = None) -> None:
        """The user removes the app: every token of it dies."""
        for token in self.refresh_tokens.values():
            if token.user is user and app in {None, token.app}:
                token.is_dead = True
        kept = {value: token for value, token in self.access_tokens.items() if token.user is not user}
        if app is not None:
            kept |= {value: token for value, token in self.access_tokens.items() if token.app is not app}
        self.access_tokens = kept

    def expire_access_tokens(self, user: User) -> None:
        for token in self.access_tokens.values():
            if token.user is user:
                token.expires = self.clock.now()

    # What apps ask for

    def authenticated(self, value: str) -> AccessToken:
        """The living token. Raises `ApiError`."""
        token = self.access_tokens.get(value)
        if token is None:
            raise invalid_token()
        if token.expires <= self.clock.now():
            raise expired_token()
        return token

    def user_of(self, value: str) -> str:
        """The address of the user whose living token it is, or nothing."""
        try:
            return self.authenticated(value).user.email
        except ApiError:
            return ""

    def app(self, app_id: str, secret: str) -> App:
        """The app that gives its secret. Raises `OAuthError`."""
        app = self.apps.get(app_id)
        if app is None or secret != app.secret:
            raise invalid_client()
        return app

    def add_code(self, app: App, user: User, redirect_uri: str, challenge: str | None) -> str:
        expires = self.clock.now() + timedelta(seconds=self.quirks.code_seconds)
        code = Code(token_urlsafe(24), app, user, redirect_uri, expires, challenge)
        self.codes[code.value] = code
        return code.value

    def exchange(self, app: App, value: str, redirect_uri: str, verifier: str | None) -> Tokens:
        """The tokens for a code, once. Raises `OAuthError`."""
        code = self.codes.get(value)
        if code is None or code.is_used or code.app is not app or code.expires <= self.clock.now():
            raise OAuthError(400, "invalid_grant", "Invalid authorization code")
        if redirect_uri != code.redirect_uri:
            raise OAuthError(400, "invalid_request", "Redirect URI mismatch.")
        if code.challenge is not None and not meets_challenge(verifier or "", code.challenge, "S256"):
            raise OAuthError(400, "invalid_grant", "Invalid code verifier.")
        code.is_used = True
        return self.grant(app, code.user)

    def refresh(self, app: App, value: str) -> Tokens:
        """A new pair for a refresh token, which dies of it. Raises `OAuthError`."""
        token = self.refresh_tokens.get(value)
        if token is None or token.app is not app or token.is_dead or token.expires <= self.clock.now():
            raise invalid_grant(self.quirks.dead_grant_status)
        token.is_dead = True
        return self._handed_out(app, token.user, token.scopes)

    def revoke(self, app: App, value: str) -> None:
        """Raises `OAuthError`."""
        token = self.refresh_tokens.get(value) or self.access_tokens.get(value)
        if token is None or token.app is not app:
            raise invalid_grant(self.quirks.dead_grant_status)
        self.withdraw(token.user, app)

    def _handed_out(self, app: App, user: User, scopes: Iterable[str]) -> Tokens:
        now, granted = self.clock.now(), tuple(scopes)
        soon, late = timedelta(seconds=self.quirks.access_token_seconds), timedelta(days=self.quirks.refresh_token_days)
        access = AccessToken(f"eyJ.{token_urlsafe(24)}", app, user, granted, now + soon)
        refresh = RefreshToken(f"eyJ.r.{token_urlsafe(24)}", app, user, granted, now + late)
        self.access_tokens[access.value] = access
        self.refresh_tokens[refresh.value] = refresh
        return Tokens(access, refresh)
