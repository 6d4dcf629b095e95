"""Organisations, their users and their API keys."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from calendar_sync.domain.accounts import ApiKey, User
from calendar_sync.domain.errors import Conflict, NotFound
from calendar_sync.domain.identifiers import (
    ApiKeyId,
    OrganizationId,
    UserId,
    new_organization_id,
    new_user_id,
)
from calendar_sync.store.tables import api_keys, organizations, users


class Accounts:
    """`tx.accounts`. E-mail addresses are compared without regard to case."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def create_organization(self, name: str, now: datetime) -> OrganizationId:
        """Raises `Conflict` for a name that is taken."""
        organization = new_organization_id()
        statement = insert(organizations).values(id=organization, name=name, created_at=now)
        try:
            await self._connection.execute(statement)
        except IntegrityError as err:
            raise Conflict("There is an organization of this name already.") from err
        return organization

    async def organization_by_name(self, name: str) -> OrganizationId | None:
        found = await self._connection.scalar(select(organizations.c.id).where(organizations.c.name == name))
        return None if found is None else OrganizationId(found)

    async def create_user(
        self,
        organization: OrganizationId,
        email: str | None,
        *,
        is_admin: bool = False,
        issuer: str | None = None,
        subject: str | None = None,
        now: datetime,
    ) -> User:
        """Raises `Conflict` where the e-mail address, or the subject at its issuer, is another user's."""
        user = User(new_user_id(), organization, _folded(email), is_admin, now)
        statement = insert(users).values(
            id=user.id,
            organization_id=organization,
            email=user.email,
            is_admin=is_admin,
            issuer=issuer,
            subject=subject,
            created_at=now,
        )
        try:
            await self._connection.execute(statement)
        except IntegrityError as err:
            raise Conflict("There is such a user already.") from err
        return user

    async def user(self, user: UserId) -> User:
        """Raises `NotFound`."""
        row = (await self._connection.execute(select(users).where(users.c.id == user))).first()
        if row is None:
            raise NotFound("user")
        return _user(row)

    async def user_by_email(self, email: str) -> User | None:
        row = (await self._connection.execute(select(users).where(users.c.email == _folded(email)))).first()
        return None if row is None else _user(row)

    async def user_by_subject(self, issuer: str, subject: str) -> User | None:
        """The user whom an OpenID Connect provider knows as `subject`."""
        statement = select(users).where(users.c.issuer == issuer, users.c.subject == subject)
        row = (await self._connection.execute(statement)).first()
        return None if row is None else _user(row)

    async def add_key(self, key: ApiKey) -> None:
        values = {column.name: getattr(key, column.name) for column in api_keys.c}
        await self._connection.execute(insert(api_keys).values(values))

    async def key_by_prefix(self, prefix: str) -> ApiKey | None:
        row = (await self._connection.execute(select(api_keys).where(api_keys.c.prefix == prefix))).first()
        return None if row is None else _key(row)

    async def keys(self, user: UserId) -> Sequence[ApiKey]:
        """All the user's keys, oldest first; revoked and expired ones too."""
        statement = select(api_keys).where(api_keys.c.user_id == user).order_by(api_keys.c.created_at, api_keys.c.id)
        return [_key(row) for row in await self._connection.execute(statement)]

    async def revoke_key(self, user: UserId, key: ApiKeyId, at: datetime) -> None:
        """Revoking again changes nothing. Raises `NotFound` where the key is not this user's."""
        statement = select(api_keys.c.revoked_at).where(api_keys.c.id == key, api_keys.c.user_id == user)
        row = (await self._connection.execute(statement)).first()
        if row is None:
            raise NotFound("api_key")
        if row.revoked_at is None:
            await self._connection.execute(update(api_keys).where(api_keys.c.id == key).values(revoked_at=at))

    async def touch_key(self, key: ApiKeyId, at: datetime) -> None:
        """Note that the key was used. Never set back by a use that was noted late."""
        used = api_keys.c.last_used_at
        statement = update(api_keys).where(api_keys.c.id == key, or_(used.is_(None), used < at))
        await self._connection.execute(statement.values(last_used_at=at))


def _folded(email: str | None) -> str | None:
    return None if email is None else email.strip().lower()


def _user(row: Row[Any]) -> User:
    return User(UserId(row.id), OrganizationId(row.organization_id), row.email, row.is_admin, row.created_at)


def _key(row: Row[Any]) -> ApiKey:
    return ApiKey(
        id=ApiKeyId(row.id),
        user_id=UserId(row.user_id),
        organization_id=OrganizationId(row.organization_id),
        name=row.name,
        prefix=row.prefix,
        secret_hash=row.secret_hash,
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
    )
