"""Connecting an account by OAuth: to the provider's consent page, and back with a code.

What protects it (RFC 9700): PKCE; a state of 256 bits that is kept as a hash, serves once, lives ten minutes and stands
for one user, provider and redirect address; the issuer, where the provider names itself; token addresses that come from
the settings alone. A callback that does not fit sends nothing to anybody.
"""

import logging
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from secrets import token_urlsafe
from urllib.parse import urlencode, urlsplit

from calendar_sync.connections.endpoints import Endpoints, GrantRefused
from calendar_sync.connections.grants import Grant, claims_of
from calendar_sync.connections.vendors import Vendor
from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.connections import Connection
from calendar_sync.domain.errors import BadResponse, CalendarSyncError, ConsentFailed
from calendar_sync.domain.identifiers import connection_id
from calendar_sync.domain.providers import Account, ProviderName
from calendar_sync.store.consents import Consent, seal_verifier, unseal_verifier
from calendar_sync.store.database import Database
from calendar_sync.store.keyring import Keyring
from calendar_sync.store.sealed_accounts import seal, unseal

_log = logging.getLogger(__name__)

CONSENT_LIFE = timedelta(minutes=10)
_LONGEST_CODE = 4096

_UNKNOWN_STATE = "This sign-in was not begun here, has been used already or took too long: connect the account again."
_NO_CODE = "{label} did not finish the sign-in: connect the account again."
_REASONS = {
    "access_denied": "{label} says that access was not allowed. Nothing was connected.",
    "admin_policy_enforced": "The administrator of the {label} account does not allow this application.",
    "org_internal": "{label} lets only members of one organisation use this application.",
    "consent_required": "The administrator of the {label} account must allow this application first.",
}
"""By the error that a provider's redirect carries (RFC 6749 §4.1.2.1, and Google's and Microsoft's own)."""


@dataclass(frozen=True, slots=True)
class AuthorizationRequired:
    """Where the user must go to allow it. `state` comes back with them."""

    authorization_url: str
    state: str


@dataclass(frozen=True, slots=True)
class Callback:
    """What a provider's redirect says. `caller` is who shows credentials of ours with it, if anybody does."""

    state: str | None
    code: str | None = None
    error: str | None = None
    issuer: str | None = None
    caller: Actor | None = None


@dataclass(frozen=True, slots=True)
class OAuth:
    """`vendors` are those with client credentials. `redirect_uri` is what the operator registered with each."""

    database: Database
    keyring: Keyring
    endpoints: Endpoints
    vendors: Mapping[ProviderName, Vendor]
    redirect_uri: str
    clock: Callable[[], datetime]
    first_sync_after: timedelta = timedelta()

    async def begin(self, actor: Actor, provider: ProviderName, login_hint: str | None = None) -> AuthorizationRequired:
        """Send the user to the provider, within ten minutes. `login_hint` is the account to suggest there."""
        vendor, state, verifier = self.vendors[provider], token_urlsafe(32), token_urlsafe(48)
        hashed = _hash(state)
        sealed = seal_verifier(self.keyring, hashed, verifier)
        now = self.clock()
        async with self.database.begin() as tx:  # for everybody: whoever did not come back in time is forgotten, too
            consent = Consent(hashed, actor, provider, self.redirect_uri, sealed, now + CONSENT_LIFE)
            await tx.consents.add(consent, now)
        return AuthorizationRequired(_authorization_url(vendor, self.redirect_uri, state, verifier, login_hint), state)

    async def complete(self, callback: Callback) -> tuple[Actor, Connection]:
        """Connect the account that the user allowed, or connect it anew: then it keeps its identifiers and events.

        Raises `ConsentFailed`, which says what to do, or a `ProviderError`. Nothing is stored then.
        """
        consent = await self._taken(callback)
        vendor = self.vendors.get(consent.provider)
        if vendor is None or not _is_from(vendor, callback.issuer):
            raise ConsentFailed(_UNKNOWN_STATE)
        if callback.error is not None or not callback.code or len(callback.code) > _LONGEST_CODE:
            raise ConsentFailed(_REASONS.get(callback.error or "", _NO_CODE).format(label=vendor.label))
        grant = await self._exchanged(vendor, consent, callback.code)
        _check_permissions(vendor, grant)
        account = await self._account(vendor, grant)
        return consent.actor, await self._saved(consent, account)

    async def revoke(self, connection: Connection, ciphertext: str) -> None:
        """Tell the provider that the connection ends, as far as it takes that and answers soon."""
        try:
            account = unseal(self.keyring, connection.id, ciphertext)
        except CalendarSyncError:
            _log.warning("A token could not be revoked: it cannot be decrypted.", extra={"connection": connection.id})
            return
        token = account.credentials.get("refresh_token")
        if token is not None:
            await self.endpoints.revoke(self.vendors[connection.provider], token)

    async def _taken(self, callback: Callback) -> Consent:
        hashed = _hash(callback.state or "")
        async with self.database.begin() as tx:  # for everybody: only the state says whose it is
            caller = callback.caller
            is_foreign = caller is not None and await tx.consents.owner(hashed) != caller.user_id
            consent = None if is_foreign else await tx.consents.take(hashed, self.clock())
        if consent is None:
            raise ConsentFailed(_UNKNOWN_STATE)
        return consent

    async def _exchanged(self, vendor: Vendor, consent: Consent, code: str) -> Grant:
        verifier = unseal_verifier(self.keyring, consent)
        try:
            return await self.endpoints.exchange(
                vendor, code=code, redirect_uri=consent.redirect_uri, verifier=verifier
            )
        except GrantRefused as err:
            raise ConsentFailed(f"{vendor.label} does not take the code any more: connect the account again.") from err

    async def _account(self, vendor: Vendor, grant: Grant) -> Account:
        if grant.id_token is None:
            claims = await self.endpoints.user(vendor, vendor.user_url, grant.access_token)
        else:
            claims = claims_of(grant.id_token, vendor.client.id)
        identity = vendor.identity(claims)
        if identity is None:
            raise BadResponse(f"{vendor.label} does not say whose account it is.")
        return Account(identity, vendor.email(claims), grant.credentials())

    async def _saved(self, consent: Consent, account: Account) -> Connection:
        connection = connection_id(consent.actor.user_id, consent.provider, account.identity)
        async with self.database.begin(actor=consent.actor) as tx:
            return await tx.connections.save(
                id=connection,
                actor=consent.actor,
                provider=consent.provider,
                identity=account.identity,
                email=account.email,
                ciphertext=seal(self.keyring, connection, account),
                now=(now := self.clock()),
                first_sync_at=now + self.first_sync_after,
            )


def _hash(state: str) -> str:
    return sha256(state.encode("utf-8", "replace")).hexdigest()


def _authorization_url(vendor: Vendor, redirect_uri: str, state: str, verifier: str, login_hint: str | None) -> str:
    challenge = urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")
    parameters = {
        "response_type": "code",
        "client_id": vendor.client.id,
        "redirect_uri": redirect_uri,
        "state": state,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        **({"scope": " ".join(vendor.scopes)} if vendor.scopes else {}),
        **({"login_hint": login_hint} if login_hint and vendor.takes_login_hint else {}),
        **vendor.parameters,
    }
    separator = "&" if urlsplit(vendor.authorize_url).query else "?"
    return f"{vendor.authorize_url}{separator}{urlencode(parameters)}"


def _is_from(vendor: Vendor, issuer: str | None) -> bool:
    """Whether the provider that names itself is the one that was asked (RFC 9207)."""
    if issuer is None or issuer == vendor.issuer:
        return True
    return vendor.issuer is None and urlsplit(issuer).netloc == urlsplit(vendor.authorize_url).netloc


def _check_permissions(vendor: Vendor, grant: Grant) -> None:
    missing = vendor.missing(grant.scope)
    if missing:
        raise ConsentFailed(
            f"{vendor.label} was not allowed to let us {' and '.join(missing)}. Connect the account again, and leave "
            "everything ticked on the page that asks."
        )
    if grant.refresh_token is None:
        raise ConsentFailed(
            f"{vendor.label} gave access for a moment only: remove this application from your {vendor.label} account, "
            "then connect it again."
        )
