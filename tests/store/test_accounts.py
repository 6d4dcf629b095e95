"""Organisations, users and their keys."""

from datetime import timedelta

import pytest

from calendar_sync.domain.accounts import Actor, ApiKey
from calendar_sync.domain.errors import Conflict, NotFound
from calendar_sync.domain.identifiers import ApiKeyId, OrganizationId, UserId, new_api_key_id
from calendar_sync.store.database import Database
from tests.builders import NOW, an_actor


def a_key(actor: Actor, prefix: str = "cs_1") -> ApiKey:
    return ApiKey(
        id=new_api_key_id(),
        user_id=actor.user_id,
        organization_id=actor.organization_id,
        name="laptop",
        prefix=prefix,
        secret_hash="hash",
        created_at=NOW,
        expires_at=NOW + timedelta(days=1),
        revoked_at=None,
        last_used_at=None,
    )


async def test_an_organisation_is_found_by_its_name(database: Database) -> None:
    async with database.begin() as tx:
        organization = await tx.accounts.create_organization("Acme", NOW)
        assert await tx.accounts.organization_by_name("Acme") == organization
        assert await tx.accounts.organization_by_name("Other") is None


async def test_a_name_or_address_that_is_taken_is_a_conflict(database: Database) -> None:
    actor = await an_actor(database, "someone@example.com", organization="Acme")

    async def again(name: str | None, email: str | None) -> None:
        async with database.begin() as tx:
            home = actor.organization_id if name is None else await tx.accounts.create_organization(name, NOW)
            await tx.accounts.create_user(home, email, now=NOW)

    for name, email in [("Acme", None), (None, "someone@example.com"), (None, " SomeOne@Example.COM ")]:
        with pytest.raises(Conflict):
            await again(name, email)
    await again(None, None)
    await again(None, None)


async def test_a_user_is_found_by_id_by_address_and_by_what_the_issuer_calls_them(database: Database) -> None:
    async with database.begin() as tx:
        home = await tx.accounts.create_organization("Acme", NOW)
        user = await tx.accounts.create_user(
            home, "Someone@Example.com", is_admin=True, issuer="https://id.example", subject="42", now=NOW
        )
    async with database.begin(write=False) as tx:
        assert await tx.accounts.user(user.id) == user
        assert await tx.accounts.user_by_email("SOMEONE@example.com") == user
        assert await tx.accounts.user_by_subject("https://id.example", "42") == user
        assert await tx.accounts.user_by_subject("https://other.example", "42") is None
        assert await tx.accounts.user_by_email("nobody@example.com") is None
        with pytest.raises(NotFound):
            await tx.accounts.user(UserId("usr_none"))
    assert (user.email, user.is_admin, user.created_at) == ("someone@example.com", True, NOW)


async def test_one_subject_of_an_issuer_is_one_user(database: Database) -> None:
    async def add(organization: OrganizationId) -> None:
        async with database.begin() as tx:
            await tx.accounts.create_user(organization, None, issuer="https://id.example", subject="42", now=NOW)

    actor = await an_actor(database)
    await add(actor.organization_id)
    with pytest.raises(Conflict):
        await add(actor.organization_id)


async def test_a_key_is_found_by_its_prefix_as_it_was_added(database: Database) -> None:
    actor = await an_actor(database)
    key = a_key(actor)
    async with database.begin() as tx:
        await tx.accounts.add_key(key)
        assert await tx.accounts.key_by_prefix("cs_1") == key
        assert await tx.accounts.key_by_prefix("cs_2") is None
        assert await tx.accounts.keys(actor.user_id) == [key]


async def test_a_key_is_revoked_by_its_owner_alone_and_once(database: Database) -> None:
    owner, other = await an_actor(database), await an_actor(database, "other@example.com")
    key = a_key(owner)
    async with database.begin() as tx:
        await tx.accounts.add_key(key)
        for user, id in [(other.user_id, key.id), (owner.user_id, ApiKeyId("ak_none"))]:
            with pytest.raises(NotFound):
                await tx.accounts.revoke_key(user, id, NOW)
        await tx.accounts.revoke_key(owner.user_id, key.id, NOW)
        await tx.accounts.revoke_key(owner.user_id, key.id, NOW + timedelta(days=1))
        (revoked,) = await tx.accounts.keys(owner.user_id)
        assert revoked.revoked_at == NOW
        assert await tx.accounts.keys(other.user_id) == []


async def test_the_last_use_of_a_key_is_never_set_back(database: Database) -> None:
    actor = await an_actor(database)
    key = a_key(actor)
    async with database.begin() as tx:
        await tx.accounts.add_key(key)
        for minutes in (2, 1):
            await tx.accounts.touch_key(key.id, NOW + timedelta(minutes=minutes))
        (used,) = await tx.accounts.keys(actor.user_id)
    assert used.last_used_at == NOW + timedelta(minutes=2)
