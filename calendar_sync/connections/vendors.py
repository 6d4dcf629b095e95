"""What the OAuth providers differ in, as data: addresses, scopes, parameters, and how they name an account.

Sources: developers.google.com/identity/protocols/oauth2/web-server, learn.microsoft.com/entra/identity-platform
(v2-oauth2-auth-code-flow, scopes-oidc), developers.zoom.us/docs/integrations/oauth.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pydantic import SecretStr

from calendar_sync.domain.providers import ProviderName

Claims = Mapping[str, object]

SETTINGS = {
    ProviderName.GOOGLE_CALENDAR: ("Google", "GOOGLE"),
    ProviderName.OUTLOOK_CALENDAR: ("Microsoft", "MICROSOFT"),
    ProviderName.ZOOM: ("Zoom", "ZOOM"),
}
"""The providers that are connected by OAuth: what they are called, and what their settings begin with."""

_GOOGLE = "https://www.googleapis.com/auth/"
_GRAPH = "https://graph.microsoft.com/"


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """What the operator got at the provider's console. A public client has no secret (RFC 6749 §2.1)."""

    id: str
    secret: SecretStr | None


@dataclass(frozen=True, slots=True)
class Permission:
    """Something the user must allow, in the words of a sentence, and the scopes of which any one allows it."""

    words: str
    any_of: frozenset[str]


@dataclass(frozen=True, slots=True)
class Vendor:
    """An OAuth provider.

    `issuer` is what its answers may name as `iss` (RFC 9207); `None`: the host of `authorize_url`. `identity` and
    `email` are read from the claims of the ID token or, of a grant without one, from what is at `user_url`.
    `scope_prefix` may stand before a scope that was granted.
    """

    provider: ProviderName
    label: str
    client: ClientCredentials
    authorize_url: str
    token_url: str
    revoke_url: str | None
    scopes: tuple[str, ...]
    permissions: tuple[Permission, ...]
    identity: Callable[[Claims], str | None]
    email: Callable[[Claims], str | None]
    user_url: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    takes_login_hint: bool = True
    sends_scope: bool = False
    """Token requests name the scopes, too."""
    basic_auth: bool = False
    """The client shows its secret by Basic authentication instead of in the form (RFC 6749 §2.3.1)."""
    issuer: str | None = None
    scope_prefix: str = ""

    def missing(self, granted: str | None) -> list[str]:
        """What the user did not allow, in words. Scopes that are not told are those asked for (RFC 6749 §5.1)."""
        if granted is None:
            return []
        scopes = {scope.removeprefix(self.scope_prefix).lower() for scope in granted.replace(",", " ").split()}
        wanted = {
            permission.words: {scope.removeprefix(self.scope_prefix).lower() for scope in permission.any_of}
            for permission in self.permissions
        }
        return [words for words, any_of in wanted.items() if not any_of & scopes]


def google(client: ClientCredentials, *, authorize_url: str, token_url: str, revoke_url: str, api_url: str) -> Vendor:
    """The least that reads calendars. `prompt=consent`, for without it a second consent gives no refresh token."""
    lists, events = f"{_GOOGLE}calendar.calendarlist.readonly", f"{_GOOGLE}calendar.events.readonly"
    whole = {f"{_GOOGLE}calendar.readonly", f"{_GOOGLE}calendar"}
    return Vendor(
        provider=ProviderName.GOOGLE_CALENDAR,
        label="Google",
        client=client,
        authorize_url=authorize_url,
        token_url=token_url,
        revoke_url=revoke_url,
        scopes=("openid", "email", lists, events),
        permissions=(
            Permission("see the list of your calendars", frozenset({lists, f"{_GOOGLE}calendar.calendarlist", *whole})),
            Permission("view events on your calendars", frozenset({events, f"{_GOOGLE}calendar.events", *whole})),
        ),
        identity=lambda claims: _text(claims, "sub", "id"),
        email=lambda claims: _text(claims, "email", "id"),
        user_url=f"{api_url}/users/me/calendarList/primary",
        parameters={"access_type": "offline", "prompt": "consent", "include_granted_scopes": "true"},
        issuer="https://accounts.google.com",
    )


def microsoft(client: ClientCredentials, *, login_url: str, tenant: str, api_url: str) -> Vendor:
    """No address to revoke a token at: Microsoft has none."""
    base = f"{login_url}/{tenant}/oauth2/v2.0"
    reading = ("Calendars.Read", "Calendars.ReadWrite", "Calendars.Read.Shared", "Calendars.ReadWrite.Shared")
    return Vendor(
        provider=ProviderName.OUTLOOK_CALENDAR,
        label="Microsoft",
        client=client,
        authorize_url=f"{base}/authorize",
        token_url=f"{base}/token",
        revoke_url=None,
        scopes=("openid", "email", "profile", "offline_access", "User.Read", "Calendars.Read"),
        permissions=(Permission("read your calendars", frozenset(reading)),),
        identity=_microsoft_identity,
        email=lambda claims: _text(claims, "email", "preferred_username", "mail", "userPrincipalName"),
        user_url=f"{api_url}/me",
        parameters={"response_mode": "query", "prompt": "select_account"},
        sends_scope=True,
        scope_prefix=_GRAPH,
    )


def zoom(client: ClientCredentials, *, login_url: str, api_url: str) -> Vendor:
    """The scopes are those of the app at Zoom's Marketplace, classic or granular; a request names none."""

    def any_level(*scopes: str) -> frozenset[str]:
        return frozenset(f"{scope}{level}" for scope in scopes for level in ("", ":admin", ":master"))

    return Vendor(
        provider=ProviderName.ZOOM,
        label="Zoom",
        client=client,
        authorize_url=f"{login_url}/oauth/authorize",
        token_url=f"{login_url}/oauth/token",
        revoke_url=f"{login_url}/oauth/revoke",
        scopes=(),
        permissions=(
            Permission("view your user information", any_level("user:read", "user:read:user")),
            Permission("list your meetings", any_level("meeting:read", "meeting:read:list_meetings")),
            Permission("view a meeting", any_level("meeting:read", "meeting:read:meeting")),
        ),
        identity=lambda claims: _text(claims, "id"),
        email=lambda claims: _text(claims, "email"),
        takes_login_hint=False,
        basic_auth=True,
        user_url=f"{api_url}/users/me",
    )


def _microsoft_identity(claims: Claims) -> str | None:
    """Tenant and object id, the same for every application; `sub` is another one for each."""
    tenant, user = _text(claims, "tid"), _text(claims, "oid")
    return f"{tenant}/{user}" if tenant and user else _text(claims, "sub", "id")


def _text(claims: Claims, *names: str) -> str | None:
    """The first of these that is a text."""
    return next((value for value in map(claims.get, names) if isinstance(value, str) and value), None)
