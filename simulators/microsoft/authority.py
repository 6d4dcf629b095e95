"""Clients, consents, codes and tokens, with Microsoft's rules of when they are given and when they die."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from secrets import token_urlsafe
from uuid import uuid4

from simulators import grants
from simulators.microsoft.accounts import Account
from simulators.microsoft.quirks import Quirks
from simulators.microsoft.scopes import is_sign_in, short
from simulators.microsoft.times import JsonObject
from simulators.oauth import meets_challenge

_UNUSED_LIFE = timedelta(days=90)


class OAuthError(Exception):
    """The token endpoint refuses, with the number after `AADSTS`. `more` are further members of the answer."""

    def __init__(self, error: str, number: int, description: str, *, status: int = 400, **more: str) -> None:
        super().__init__(description)
        self.status = status
        self.error = error
        self.number = number
        self.description = description
        self.more = more

    def body(self) -> JsonObject:
        trace, correlation, now = str(uuid4()), str(uuid4()), f"{datetime.now(UTC):%Y-%m-%d %H:%M:%SZ}"
        said = f"AADSTS{self.number}: {self.description}"
        return {
            "error": self.error,
            "error_description": f"{said} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {now}",
            "error_codes": [self.number],
            "timestamp": now,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": f"https://login.microsoftonline.com/error?code={self.number}",
            **self.more,
        }


@dataclass(slots=True, eq=False)
class Client:
    """An application as its operator registered it.

    One without a secret is public. Without `redirect_uris` it may use any loopback address. `secret_expires` is when
    its secret does. One of a single `tenant` takes accounts of no other.
    """

    id: str
    secret: str | None
    redirect_uris: tuple[str, ...] = ()
    secret_expires: datetime | None = None
    tenant: str | None = None
    name: str = "An application"


@dataclass(slots=True, eq=False)
class RefreshToken:
    """`refusal` is what it is answered with once it is dead."""

    value: str
    client: Client
    account: Account
    scopes: tuple[str, ...]
    issued: datetime
    refusal: OAuthError | None = None


Code = grants.Code[Client, Account]
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
        self.consent(client, account, map(short, scopes))
        return self._tokens(client, account, scopes)

    def withdraw(self, client: Client, account: Account) -> None:
        """The user takes the client's access away: every token dies."""
        self.consents.pop((client.id, account.email), None)
        self.kill_refresh_tokens(account, client)
        self.expire_access_tokens(account, client)

    def kill_refresh_tokens(
        self, account: Account, client: Client | None = None, *, refusal: OAuthError | None = None
    ) -> None:
        """Unless told otherwise as after a change of the password."""
        for token in self.refresh_tokens.values():
            if token.account is account and client in {None, token.client}:
                token.refusal = refusal or revoked()

    # What clients ask for

    def client(self, client_id: str | None, secret: str | None) -> Client:
        """The client that gives its secret. Raises `OAuthError`."""
        client = self.clients.get(client_id or "")
        if client is None:
            description = f"Application with identifier '{client_id}' was not found in the directory."
            raise OAuthError("unauthorized_client", 700016, description)
        if client.secret is None and secret is not None:
            description = "Client is public so neither 'client_assertion' nor 'client_secret' should be presented."
            raise OAuthError("invalid_client", 700025, description, status=401)
        if secret is None and client.secret is not None:
            description = (
                "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."
            )
            raise OAuthError("invalid_client", 7000218, description, status=401)
        if secret != client.secret:
            description = "Invalid client secret provided. Ensure the secret being sent in the request is the value."
            raise OAuthError("invalid_client", 7000215, description, status=401)
        if client.secret_expires is not None and client.secret_expires <= self.clock.now():
            description = f"The provided client secret keys for app '{client.id}' are expired."
            raise OAuthError("invalid_client", 7000222, description, status=401)
        return client

    def add_code(self, code: Code) -> str:
        self.codes[code.value] = code
        return code.value

    def exchange(self, client: Client, value: str, redirect_uri: str | None, verifier: str | None) -> Tokens:
        """The tokens for a code, once. Raises `OAuthError`."""
        code = self.codes.get(value)
        if code is None or code.client is not client:
            raise OAuthError("invalid_grant", 9002313, "Invalid request. Request is malformed or invalid.")
        if code.is_used:
            raise OAuthError("invalid_grant", 54005, "OAuth2 Authorization code was already redeemed.")
        if code.expires <= self.clock.now():
            raise OAuthError("invalid_grant", 70008, "The provided authorization code or refresh token has expired.")
        if redirect_uri != code.redirect_uri:
            raise OAuthError(
                "invalid_grant", 500112, "The reply address does not match the one the code was asked with."
            )
        _check_verifier(code, verifier)
        code.is_used = True
        return self._tokens(client, code.account, code.scopes, code.nonce)

    def refresh(self, client: Client, value: str, scopes: tuple[str, ...]) -> Tokens:
        """Tokens for a refresh token, which goes on working; of `scopes` where there are any. Raises `OAuthError`."""
        token = self.refresh_tokens.get(value)
        if token is None or token.client is not client:
            raise OAuthError("invalid_grant", 9002313, "Invalid request. Request is malformed or invalid.")
        if token.refusal is not None:
            raise token.refusal
        if self.clock.now() - token.issued >= _UNUSED_LIFE:
            raise OAuthError("invalid_grant", 700082, "The refresh token has expired due to inactivity.")
        wanted = scopes or token.scopes
        if any(short(s) not in self.granted(client, token.account) for s in wanted if not is_sign_in(s)):
            description = "The user or administrator has not consented to use the application."
            raise OAuthError("invalid_grant", 65001, description, suberror="consent_required")
        return self._tokens(client, token.account, wanted, refresh_scopes=token.scopes)

    def _tokens(
        self,
        client: Client,
        account: Account,
        scopes: tuple[str, ...],
        nonce: str | None = None,
        refresh_scopes: tuple[str, ...] = (),
    ) -> Tokens:
        now = self.clock.now()
        seconds = self.quirks.access_token_seconds
        access = self.access_token("eyJ0eXAiOiJKV1Qi.", client, account, scopes, seconds)
        kept = refresh_scopes or scopes
        if "offline_access" not in kept:
            return Tokens(access, None, nonce)
        refresh = RefreshToken(f"0.AX{token_urlsafe(48)}", client, account, kept, now)
        self.refresh_tokens[refresh.value] = refresh
        return Tokens(access, refresh, nonce)


def revoked() -> OAuthError:
    description = "The provided grant has expired due to it being revoked, a fresh auth token is needed."
    return OAuthError("invalid_grant", 50173, description, suberror="bad_token")


def _check_verifier(code: Code, verifier: str | None) -> None:
    """RFC 7636 §4.6. Raises `OAuthError`."""
    if code.challenge is None and not verifier:
        return
    if not (code.challenge and verifier):
        raise OAuthError("invalid_grant", 50148, "The code_verifier does not match the code_challenge.")
    if not meets_challenge(verifier, code.challenge, code.challenge_method):
        raise OAuthError(
            "invalid_grant", 501481, "The Code_Verifier does not match the code_challenge supplied in the request."
        )
