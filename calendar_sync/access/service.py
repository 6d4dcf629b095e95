"""Who is asking, and the accounts and keys they ask with."""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, Self

import httpx
from pydantic import AnyHttpUrl

from calendar_sync.access.jwks import TrustedIssuer
from calendar_sync.access.keys import PlainKey, is_meant_as_key
from calendar_sync.access.tokens import Subject, TokenVerifier
from calendar_sync.domain.accounts import Actor, ApiKey, User
from calendar_sync.domain.errors import Conflict, Invalid, NotAuthenticated, NotFound, StoreUnavailable
from calendar_sync.domain.identifiers import ApiKeyId, OrganizationId, new_api_key_id
from calendar_sync.store.database import Database, Transaction

DEFAULT_ORGANIZATION = "Default"
"""Where users belong of whom nobody said otherwise."""

_BETWEEN_TOUCHES = timedelta(minutes=1)
_EMAIL = re.compile(r"[^\s@\x00-\x1f\x7f]{1,64}@[^\s@\x00-\x1f\x7f]{1,255}")
_LONGEST_NAME = 100


class OidcSettings(Protocol):
    """The part of the settings that names an identity provider."""

    @property
    def oidc_issuer(self) -> str | None: ...
    @property
    def oidc_audience(self) -> str | None: ...
    @property
    def oidc_jwks_url(self) -> AnyHttpUrl | None: ...


@dataclass(frozen=True, slots=True)
class AccessService:
    """`tokens` is `None` where no identity provider is configured."""

    database: Database
    clock: Callable[[], datetime]
    tokens: TokenVerifier | None = None

    @classmethod
    def of(
        cls, settings: OidcSettings, database: Database, client: httpx.AsyncClient, clock: Callable[[], datetime]
    ) -> Self:
        """Raises `Invalid` when an issuer is set without the audience that its tokens must be meant for."""
        return cls(database, clock, _verifier(settings, client, clock))

    async def authenticate(self, *, bearer: str | None, api_key: str | None) -> Actor:
        """The user that the credentials stand for: an API key, given as either, or an access token as `bearer`.

        Where both are given both must be good, so that a bad one is never passed over in silence, and the key says
        who asks. The user of a token is known by issuer and subject, never by e-mail, and is added at first sight, to
        the one organisation that is named like the issuer.

        Raises `NotAuthenticated` with one of the reasons `AUTHENTICATION_REQUIRED`, `INVALID_API_KEY`,
        `API_KEY_EXPIRED`, `API_KEY_DEACTIVATED`, `TOKEN_INVALID`, `TOKEN_EXPIRED`, `TOKEN_MISSING_SUBJECT`, or
        `Unavailable` while the identity provider's keys are not known.
        """
        if bearer is None and api_key is None:
            raise NotAuthenticated("Authentication is required to access this resource.")
        if api_key is None:
            return await self._actor_of_bearer(bearer or "")
        if bearer is not None and bearer != api_key:
            await self._actor_of_bearer(bearer)
        return await self._actor_of_key(api_key)

    async def create_user(self, email: str, organization: str | None = None, is_admin: bool = False) -> User:
        """A new user, in a new organisation unless there is one of that name.

        Raises `Invalid` naming the field, or `Conflict` where the address is another user's.
        """
        address, home = _email(email), _name(organization or DEFAULT_ORGANIZATION, field="organization")
        now = self.clock()
        async with self.database.begin() as tx:
            return await tx.accounts.create_user(
                await _organization(tx, home, now), address, is_admin=is_admin, now=now
            )

    async def create_key(
        self, email: str, name: str = "default", lifetime: timedelta | None = None
    ) -> tuple[ApiKey, str]:
        """A new key and its text, which is known now and never again. Without `lifetime` it does not expire.

        Raises `NotFound` for an unknown user, or `Invalid` naming the field.
        """
        if lifetime is not None and lifetime <= timedelta(0):
            raise Invalid("A key must expire in the future.", field="lifetime")
        plain, now = PlainKey.new(), self.clock()
        async with self.database.begin() as tx:
            user = await _user(tx, email)
            key = ApiKey(
                id=new_api_key_id(),
                user_id=user.id,
                organization_id=user.organization_id,
                name=_name(name, field="name"),
                prefix=plain.prefix,
                secret_hash=plain.secret_hash,
                created_at=now,
                expires_at=now + lifetime if lifetime is not None else None,
                revoked_at=None,
                last_used_at=None,
            )
            await tx.accounts.add_key(key)
        return key, plain.text

    async def revoke_key(self, email: str, key: str) -> None:
        """Revoking again changes nothing. Raises `NotFound` where there is no such user, or it has no such key."""
        async with self.database.begin() as tx:
            user = await _user(tx, email)
            await tx.accounts.revoke_key(user.id, ApiKeyId(key), self.clock())

    async def revoke_keys(self, email: str, *, name: str) -> None:
        """Revoke all keys of that name. Raises `NotFound` for an unknown user."""
        async with self.database.begin() as tx:
            user = await _user(tx, email)
            for key in await tx.accounts.keys(user.id):
                if key.name == name:
                    await tx.accounts.revoke_key(user.id, key.id, self.clock())

    async def _actor_of_bearer(self, bearer: str) -> Actor:
        if is_meant_as_key(bearer):
            return await self._actor_of_key(bearer)
        if self.tokens is not None:
            return await self._actor_of_subject(await self.tokens.verify(bearer))
        if bearer.count(".") == 2:
            raise NotAuthenticated("Access tokens are not accepted here.", reason="TOKEN_INVALID")
        raise _invalid_key()

    async def _actor_of_key(self, text: str) -> Actor:
        plain = PlainKey.read(text)
        if plain is None:
            raise _invalid_key()
        async with self.database.begin(write=False) as tx:
            key = await tx.accounts.key_by_prefix(plain.prefix)
            is_proven = plain.proves(key.secret_hash if key else None)
            if key is None or not is_proven:
                raise _invalid_key()
            user = await tx.accounts.user(key.user_id)
        self._require_valid(key)
        await self._touch(key)
        return _actor(user)

    def _require_valid(self, key: ApiKey) -> None:
        if key.revoked_at is not None:
            raise NotAuthenticated("This API key was revoked.", reason="API_KEY_DEACTIVATED")
        if key.expires_at is not None and key.expires_at <= self.clock():
            raise NotAuthenticated("This API key has expired.", reason="API_KEY_EXPIRED")

    async def _touch(self, key: ApiKey) -> None:
        """Note the use, at most once a minute. A store too busy to be written to keeps nobody out."""
        now = self.clock()
        if key.last_used_at is None or now - key.last_used_at >= _BETWEEN_TOUCHES:
            with suppress(StoreUnavailable):
                async with self.database.begin(actor=Actor(key.user_id, key.organization_id)) as tx:
                    await tx.accounts.touch_key(key.id, now)

    async def _actor_of_subject(self, subject: Subject) -> Actor:
        user = await self._user_of(subject)
        if user is None:
            try:
                user = await self._add(subject)
            except Conflict:  # two first requests met at the door; the other one was added
                user = await self._user_of(subject) or await self._add(subject)
        return _actor(user)

    async def _user_of(self, subject: Subject) -> User | None:
        async with self.database.begin(write=False) as tx:
            return await tx.accounts.user_by_subject(subject.issuer, subject.subject)

    async def _add(self, subject: Subject) -> User:
        """The e-mail address is taken over only while nobody here has it: it identifies nobody. Raises `Conflict`."""
        now = self.clock()
        async with self.database.begin() as tx:
            email = subject.email if subject.email and _EMAIL.fullmatch(subject.email) else None
            is_free = email is not None and await tx.accounts.user_by_email(email) is None
            return await tx.accounts.create_user(
                await _organization(tx, subject.issuer, now),
                email if is_free else None,
                issuer=subject.issuer,
                subject=subject.subject,
                now=now,
            )


def _verifier(settings: OidcSettings, client: httpx.AsyncClient, clock: Callable[[], datetime]) -> TokenVerifier | None:
    if settings.oidc_issuer is None:
        return None
    if settings.oidc_audience is None:
        raise Invalid(
            "CALENDAR_SYNC_OIDC_AUDIENCE must be set where CALENDAR_SYNC_OIDC_ISSUER is.", field="oidc_audience"
        )
    jwks_url = None if settings.oidc_jwks_url is None else str(settings.oidc_jwks_url)
    return TokenVerifier(TrustedIssuer(settings.oidc_issuer, settings.oidc_audience, jwks_url), client, clock)


async def _organization(tx: Transaction, name: str, now: datetime) -> OrganizationId:
    return await tx.accounts.organization_by_name(name) or await tx.accounts.create_organization(name, now)


async def _user(tx: Transaction, email: str) -> User:
    user = await tx.accounts.user_by_email(email)
    if user is None:
        raise NotFound("user")
    return user


def _actor(user: User) -> Actor:
    return Actor(user.id, user.organization_id, user.is_admin)


def _email(text: str) -> str:
    if not _EMAIL.fullmatch(text.strip()):
        raise Invalid("This is no e-mail address.", field="email")
    return text.strip()


def _name(text: str, *, field: str) -> str:
    name = text.strip()
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        raise Invalid(f"A name has 1 to {_LONGEST_NAME} characters that can be printed.", field=field)
    return name


def _invalid_key() -> NotAuthenticated:
    return NotAuthenticated("This API key is not valid.", reason="INVALID_API_KEY")
