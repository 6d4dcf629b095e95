"""Users who were sent to a provider's consent page and may come back: each once, and not for long."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from calendar_sync.domain.accounts import Actor
from calendar_sync.domain.identifiers import OrganizationId, UserId
from calendar_sync.domain.providers import ProviderName
from calendar_sync.store.keyring import Keyring
from calendar_sync.store.tables import consents


@dataclass(frozen=True, slots=True)
class Consent:
    """Whom it is for, and what the provider was asked with. `verifier` is a ciphertext (`seal_verifier`)."""

    state_hash: str
    actor: Actor
    provider: ProviderName
    redirect_uri: str
    verifier: str
    expires_at: datetime


class Consents:
    """`tx.consents`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, consent: Consent, now: datetime) -> None:
        """Expect the user back; those who did not come in time are forgotten."""
        await self._connection.execute(delete(consents).where(consents.c.expires_at <= now))
        await self._connection.execute(
            insert(consents).values(
                state_hash=consent.state_hash,
                user_id=consent.actor.user_id,
                organization_id=consent.actor.organization_id,
                provider=consent.provider,
                redirect_uri=consent.redirect_uri,
                verifier=consent.verifier,
                expires_at=consent.expires_at,
            )
        )

    async def owner(self, state_hash: str) -> UserId | None:
        found = await self._connection.scalar(select(consents.c.user_id).where(consents.c.state_hash == state_hash))
        return None if found is None else UserId(found)

    async def take(self, state_hash: str, now: datetime) -> Consent | None:
        """What was asked for with that state, this once. `None` for one that is unknown, used or too old."""
        taken = delete(consents).where(consents.c.state_hash == state_hash).returning(*consents.c)
        row = (await self._connection.execute(taken)).first()
        if row is None or row.expires_at <= now:
            return None
        return Consent(
            row.state_hash,
            Actor(UserId(row.user_id), OrganizationId(row.organization_id)),
            ProviderName(row.provider),
            row.redirect_uri,
            row.verifier,
            row.expires_at,
        )


def seal_verifier(keyring: Keyring, state_hash: str, verifier: str) -> str:
    """The PKCE verifier as ciphertext that opens for this consent alone."""
    return keyring.encrypt(verifier.encode(), context=verifier_context(state_hash))


def unseal_verifier(keyring: Keyring, consent: Consent) -> str:
    return keyring.decrypt(consent.verifier, context=verifier_context(consent.state_hash)).decode()


def verifier_context(state_hash: str) -> str:
    return f"oauth_consents|{state_hash}|verifier|v1"
