"""Who may ask: organisations, their users and the keys they ask with. Times are aware, UTC."""

from dataclasses import dataclass
from datetime import datetime

from calendar_sync.domain.identifiers import ApiKeyId, OrganizationId, UserId


@dataclass(frozen=True, slots=True)
class Actor:
    """The user on whose behalf a request is served. Every query is scoped by it."""

    user_id: UserId
    organization_id: OrganizationId
    is_admin: bool = False


@dataclass(frozen=True, slots=True)
class User:
    id: UserId
    organization_id: OrganizationId
    email: str | None
    is_admin: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ApiKey:
    """`prefix` is the part of the key that may be shown; the key itself is known to its owner alone."""

    id: ApiKeyId
    user_id: UserId
    organization_id: OrganizationId
    name: str
    prefix: str
    secret_hash: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
