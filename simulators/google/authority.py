"""Clients, consents, codes and tokens, with Google's rules of when they are given and when they die."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from secrets import token_urlsafe
from typing import Literal

from simulators import grants
from simulators.google.accounts import Account
from simulators.google.quirks import Quirks
from simulators.oauth import meets_challenge

_TESTING_LIFE = timedelta(days=7)
_UNUSED_LIFE = timedelta(days=180)


class OAuthError(Exception):
    """The token endpoint refuses. `more` are further members of the answer."""

    def __init__(self, status: int, error: str, description: str, **more: str) -> None:
        super().__init__(description)
        self.status = status
        self.error = error
        self.description = description
        self.more = more


@dataclass(slots=True, eq=False)
class Client:
    """An application as its operator registered it.

    Without `redirect_uris` it is a desktop application, which may use any loopback address. Refresh tokens of an
    application whose consent screen is in `testing` die after seven days.
    """

    id: str
    secret: str
    redirect_uris: tuple[str, ...] = ()
    publishing_status: Literal["production", "testing"] = "production"
    name: str = "An application"


@dataclass(slots=True, eq=False)
class Code(grants.Code[Client, Account]):
    gives_refresh_token: bool = False


@dataclass(slots=True, eq=False)
class RefreshToken:
    value: str
    client: Client
    account: Account
    scopes: tuple[str, ...]
    issued: datetime
    last_used: datetime
    is_dead: bool = False
    error_subtype: str | None = None
    """Why it died, if the token endpoint says: `invalid_rapt` where the organisation limits sessions."""

    def lives(self, now: datetime) -> bool:
        is_too_old = self.client.publishing_status == "testing" and now - self.issued >= _TESTING_LIFE
        return not (self.is_dead or is_too_old or now - self.last_used >= _UNUSED_LIFE)


AccessToken = grants.AccessToken[Client, Account]


@dataclass(slots=True)
class Tokens:
    """What a client is handed out."""

    access: AccessToken
    refresh: RefreshToken | None
    nonce: str | None = None


@dataclass(slots=True)
class Authority(grants.Grants[Client, Account]):
    quirks: Quirks
    clients: dict[str, Client] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)
    refresh_tokens: dict[str, RefreshToken] = field(default_factory=dict)

    # What users and operators do

    def grant(self, client: Client, account: Account, *scopes: str) -> Tokens:
        """Tokens for a client, without the way through the browser."""
        self.consent(client, account, scopes)
        return Tokens(self._access_token(client, account, scopes), self._refresh_token(client, account, scopes))

    def withdraw(self, client: Client, account: Account) -> None:
        """The user takes the client's access away: every token dies, and the next consent is a first one."""
        self.consents.pop((client.id, account.email), None)
        self.kill_refresh_tokens(account, client)
        self.expire_access_tokens(account, client)

    def kill_refresh_tokens(
        self, account: Account, client: Client | None = None, *, subtype: str | None = None
    ) -> None:
        for token in self.refresh_tokens.values():
            if token.account is account and client in {None, token.client}:
                token.is_dead, token.error_subtype = True, subtype

    # What clients ask for

    def client(self, client_id: str | None, secret: str | None) -> Client:
        """The client that gives its secret. Raises `OAuthError`."""
        client = self.clients.get(client_id or "")
        if client is None:
            raise OAuthError(401, "invalid_client", "The OAuth client was not found.")
        if secret != client.secret:
            raise OAuthError(401, "invalid_client", "Unauthorized")
        return client

    def add_code(self, code: Code) -> str:
        self.codes[code.value] = code
        return code.value

    def exchange(self, client: Client, value: str, redirect_uri: str | None, verifier: str | None) -> Tokens:
        """The tokens for a code, once. Raises `OAuthError`."""
        code = self.codes.get(value)
        if code is None:
            raise OAuthError(400, "invalid_grant", "Malformed auth code.")
        if code.is_used or code.client is not client or code.expires <= self.clock.now():
            raise OAuthError(400, "invalid_grant", "Bad Request")
        if redirect_uri != code.redirect_uri:
            raise OAuthError(400, "redirect_uri_mismatch", "Bad Request")
        _check_verifier(code, verifier)
        code.is_used = True
        refresh = self._refresh_token(client, code.account, code.scopes) if code.gives_refresh_token else None
        return Tokens(self._access_token(client, code.account, code.scopes), refresh, code.nonce)

    def refresh(self, client: Client, value: str) -> Tokens:
        """A new access token for a refresh token, which stays as it is. Raises `OAuthError`."""
        token = self.refresh_tokens.get(value)
        if token is None or token.client is not client:
            raise OAuthError(400, "invalid_grant", "Bad Request")
        if not token.lives(self.clock.now()):
            raise _dead(token)
        token.last_used = self.clock.now()
        access = self._access_token(client, token.account, token.scopes)
        if not self.quirks.rotates_refresh_tokens:
            return Tokens(access, None)
        token.is_dead = True
        return Tokens(access, self._refresh_token(client, token.account, token.scopes))

    def revoke(self, value: str) -> None:
        """End all that a client may do for an account, by any of its tokens. Raises `OAuthError`."""
        refresh = self.refresh_tokens.get(value)
        token = refresh if refresh is not None and not refresh.is_dead else self.authenticate(value)
        if token is None:
            raise OAuthError(400, "invalid_token", "Token expired or revoked")
        self.withdraw(token.client, token.account)

    def _access_token(self, client: Client, account: Account, scopes: Iterable[str]) -> AccessToken:
        return self.access_token("ya29.", client, account, scopes, self.quirks.access_token_seconds)

    def _refresh_token(self, client: Client, account: Account, scopes: Iterable[str]) -> RefreshToken:
        now = self.clock.now()
        living = list(self._living(client, account, now))
        for token in living[: max(0, len(living) + 1 - self.quirks.most_refresh_tokens)]:
            token.is_dead = True
        fresh = RefreshToken(f"1//0{token_urlsafe(24)}", client, account, tuple(scopes), now, now)
        self.refresh_tokens[fresh.value] = fresh
        return fresh

    def _living(self, client: Client, account: Account, now: datetime) -> Iterator[RefreshToken]:
        for token in self.refresh_tokens.values():
            if token.client is client and token.account is account and token.lives(now):
                yield token


def _check_verifier(code: Code, verifier: str | None) -> None:
    """RFC 7636 §4.6. Raises `OAuthError`."""
    if code.challenge is None:
        if verifier:
            raise OAuthError(400, "invalid_grant", "code_verifier or verifier is not needed.")
        return
    if not verifier:
        raise OAuthError(400, "invalid_grant", "Missing code verifier.")
    if not meets_challenge(verifier, code.challenge, code.challenge_method):
        raise OAuthError(400, "invalid_grant", "Invalid code verifier.")


def _dead(token: RefreshToken) -> OAuthError:
    if token.error_subtype is None:
        return OAuthError(400, "invalid_grant", "Token has been expired or revoked.")
    description = f"reauth related error ({token.error_subtype})"
    return OAuthError(400, "invalid_grant", description, error_subtype=token.error_subtype)
