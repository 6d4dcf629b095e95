"""What users have allowed clients at a simulated vendor, and the access tokens that show it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from secrets import token_urlsafe
from typing import Generic, Protocol, TypeVar

from simulators.clock import Clock


class _Client(Protocol):
    @property
    def id(self) -> str: ...


class _Account(Protocol):
    @property
    def email(self) -> str: ...


ClientT = TypeVar("ClientT", bound=_Client)
AccountT = TypeVar("AccountT", bound=_Account)


@dataclass(slots=True, eq=False)
class Code(Generic[ClientT, AccountT]):
    """An authorization code and what it was asked for with."""

    value: str
    client: ClientT
    account: AccountT
    scopes: tuple[str, ...]
    redirect_uri: str
    expires: datetime
    challenge: str | None = None
    challenge_method: str = "plain"
    nonce: str | None = None
    is_used: bool = False


@dataclass(slots=True, eq=False)
class AccessToken(Generic[ClientT, AccountT]):
    value: str
    client: ClientT
    account: AccountT
    scopes: tuple[str, ...]
    expires: datetime


@dataclass(slots=True)
class Grants(Generic[ClientT, AccountT]):
    clock: Clock
    consents: dict[tuple[str, str], frozenset[str]] = field(default_factory=dict, kw_only=True)
    """The scopes that an account (second) has granted a client (first)."""
    access_tokens: dict[str, AccessToken[ClientT, AccountT]] = field(default_factory=dict, kw_only=True)

    def granted(self, client: ClientT, account: AccountT) -> frozenset[str]:
        return self.consents.get((client.id, account.email), frozenset())

    def consent(self, client: ClientT, account: AccountT, scopes: Iterable[str]) -> None:
        self.consents[client.id, account.email] = self.granted(client, account) | frozenset(scopes)

    def access_token(
        self, prefix: str, client: ClientT, account: AccountT, scopes: Iterable[str], seconds: float
    ) -> AccessToken[ClientT, AccountT]:
        """A new one, that lives so many seconds."""
        expires = self.clock.now() + timedelta(seconds=seconds)
        token = AccessToken(f"{prefix}{token_urlsafe(40)}", client, account, tuple(scopes), expires)
        self.access_tokens[token.value] = token
        return token

    def authenticate(self, value: str) -> AccessToken[ClientT, AccountT] | None:
        """The living token of a value."""
        token = self.access_tokens.get(value)
        return token if token is not None and token.expires > self.clock.now() else None

    def expire_access_tokens(self, account: AccountT | None = None, client: ClientT | None = None) -> None:
        """Those of an account, a client or both; all, if neither is given."""
        self.access_tokens = {
            value: token
            for value, token in self.access_tokens.items()
            if not (account in {None, token.account} and client in {None, token.client})
        }
