import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import httpx
import pytest
from pydantic import AnyHttpUrl

from calendar_sync.access.keys import PlainKey
from calendar_sync.access.service import AccessService
from calendar_sync.domain.accounts import Actor, ApiKey
from calendar_sync.domain.errors import Conflict, Invalid, NotAuthenticated, NotFound
from calendar_sync.store.database import Database
from tests.access.issuer import AUDIENCE, Clock, Issuer, an_issuer

EMAIL = "ada@example.com"


@dataclass(frozen=True)
class Oidc:
    oidc_issuer: str | None = None
    oidc_audience: str | None = None
    oidc_jwks_url: AnyHttpUrl | None = None


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def sqlite(sqlite_url: str) -> AsyncGenerator[Database]:
    database = await Database.open(sqlite_url)
    yield database
    await database.close()


@pytest.fixture
def access(sqlite: Database, clock: Clock) -> AccessService:
    """Without an identity provider."""
    return AccessService(sqlite, clock)


@asynccontextmanager
async def trusting(issuer: Issuer, database: Database) -> AsyncGenerator[AccessService]:
    async with httpx.AsyncClient(trust_env=False) as client:
        yield AccessService.of(Oidc(issuer.address, AUDIENCE), database, client, issuer.clock)


async def a_key(access: AccessService, email: str = EMAIL, lifetime: timedelta | None = None) -> str:
    """Of a new user."""
    await access.create_user(email)
    return (await access.create_key(email, lifetime=lifetime))[1]


async def refused(access: AccessService, *, bearer: str | None = None, api_key: str | None = None) -> str:
    with pytest.raises(NotAuthenticated) as refusal:
        await access.authenticate(bearer=bearer, api_key=api_key)
    return refusal.value.reason


async def stored(database: Database, actor: Actor) -> ApiKey:
    async with database.begin(write=False) as tx:
        (key,) = await tx.accounts.keys(actor.user_id)
    return key


async def test_a_key_stands_for_its_user_as_key_and_as_bearer(database: Database, clock: Clock) -> None:
    access = AccessService(database, clock)
    user = await access.create_user(EMAIL, "Acme", is_admin=True)
    _, key = await access.create_key(EMAIL)

    expected = Actor(user.id, user.organization_id, is_admin=True)
    assert await access.authenticate(bearer=None, api_key=key) == expected
    assert await access.authenticate(bearer=key, api_key=None) == expected
    assert await access.authenticate(bearer=key, api_key=key) == expected


async def test_the_secret_of_a_key_is_not_stored(access: AccessService, sqlite: Database) -> None:
    key = await a_key(access)
    actor = await access.authenticate(bearer=None, api_key=key)

    kept = await stored(sqlite, actor)

    plain = PlainKey.read(key)
    assert plain is not None
    assert kept.prefix == plain.prefix
    assert plain.secret not in str(kept)


async def test_without_credentials_authentication_is_required(access: AccessService) -> None:
    assert await refused(access) == "AUTHENTICATION_REQUIRED"


async def test_a_malformed_key_is_invalid(access: AccessService) -> None:
    key = await a_key(access)

    for malformed in (key[:-1], f"{key}x", key.upper(), key.removeprefix("cs_"), "cs_", "x", "é", "\0"):
        assert await refused(access, api_key=malformed) == "INVALID_API_KEY"


async def test_an_unknown_key_and_a_wrong_secret_are_the_same_to_the_caller(access: AccessService) -> None:
    known, unknown = PlainKey.read(await a_key(access)), PlainKey.new()
    assert known is not None
    wrong = PlainKey(known.prefix, unknown.secret)

    for key in (unknown, wrong):
        with pytest.raises(NotAuthenticated) as refusal:
            await access.authenticate(bearer=key.text, api_key=None)
        assert (refusal.value.reason, refusal.value.message) == ("INVALID_API_KEY", "This API key is not valid.")


async def test_a_key_expires_when_it_was_said_to(access: AccessService, clock: Clock) -> None:
    key = await a_key(access, lifetime=timedelta(days=1))
    clock.forward(days=1, seconds=-1)
    await access.authenticate(bearer=None, api_key=key)

    clock.forward(seconds=1)

    assert await refused(access, api_key=key) == "API_KEY_EXPIRED"


async def test_a_revoked_key_is_deactivated_and_no_other(access: AccessService) -> None:
    kept = await a_key(access)
    revoked, text = await access.create_key(EMAIL)

    await access.revoke_key(EMAIL, revoked.id)
    await access.revoke_key(EMAIL, revoked.id)

    assert await refused(access, api_key=text) == "API_KEY_DEACTIVATED"
    await access.authenticate(bearer=None, api_key=kept)


async def test_keys_are_revoked_by_name(access: AccessService) -> None:
    kept = await a_key(access)
    _, text = await access.create_key(EMAIL, "sandbox")

    await access.revoke_keys(EMAIL, name="sandbox")

    assert await refused(access, api_key=text) == "API_KEY_DEACTIVATED"
    await access.authenticate(bearer=None, api_key=kept)


async def test_whether_a_key_is_revoked_is_told_to_its_owner_alone(access: AccessService) -> None:
    await access.create_user(EMAIL)
    key, _ = await access.create_key(EMAIL)
    await access.revoke_key(EMAIL, key.id)

    assert await refused(access, api_key=PlainKey(key.prefix, PlainKey.new().secret).text) == "INVALID_API_KEY"


async def test_the_use_of_a_key_is_noted_at_most_once_a_minute(
    access: AccessService, sqlite: Database, clock: Clock
) -> None:
    key = await a_key(access)
    first = clock()
    actor = await access.authenticate(bearer=None, api_key=key)
    clock.forward(seconds=59)
    await access.authenticate(bearer=None, api_key=key)
    assert (await stored(sqlite, actor)).last_used_at == first

    clock.forward(seconds=1)
    await access.authenticate(bearer=None, api_key=key)

    assert (await stored(sqlite, actor)).last_used_at == clock()


async def test_a_bad_key_is_not_passed_over_because_of_a_good_bearer(access: AccessService) -> None:
    good = await a_key(access)

    assert await refused(access, api_key="cs_bad", bearer=good) == "INVALID_API_KEY"
    assert await refused(access, api_key=good, bearer="cs_bad") == "INVALID_API_KEY"
    assert await refused(access, api_key=good, bearer="e30.e30.") == "TOKEN_INVALID"


async def test_of_two_good_credentials_the_key_says_who_asks(access: AccessService) -> None:
    ada, bob = await a_key(access), await a_key(access, "bob@example.com")
    expected = await access.authenticate(bearer=None, api_key=ada)

    assert await access.authenticate(bearer=bob, api_key=ada) == expected


async def test_without_an_identity_provider_no_token_is_accepted(access: AccessService) -> None:
    assert await refused(access, bearer="eyJhbGciOiJub25lIn0.e30.") == "TOKEN_INVALID"
    assert await refused(access, bearer="whatever") == "INVALID_API_KEY"


async def test_a_token_makes_its_user_at_first_sight_and_finds_it_again(database: Database) -> None:
    async with an_issuer() as issuer, trusting(issuer, database) as access:
        ada = await access.authenticate(bearer=issuer.token(), api_key=None)
        again = await access.authenticate(bearer=issuer.token({"email": "new@example.com"}), api_key=None)
        bob = await access.authenticate(bearer=issuer.token({"sub": "bob"}), api_key=None)

    assert again == ada
    assert bob.user_id != ada.user_id
    assert bob.organization_id == ada.organization_id
    assert not ada.is_admin


async def test_many_first_requests_of_a_user_make_one_user(database: Database) -> None:
    async with an_issuer() as issuer, trusting(issuer, database) as access:
        asked = [access.authenticate(bearer=issuer.token(), api_key=None) for _ in range(8)]

        assert len(set(await asyncio.gather(*asked))) == 1


async def test_an_email_address_gives_nobody_anothers_account(sqlite: Database) -> None:
    async with an_issuer() as issuer, trusting(issuer, sqlite) as access:
        owner = await access.create_user(EMAIL)
        claims = {"email": EMAIL, "email_verified": True}

        stranger = await access.authenticate(bearer=issuer.token(claims), api_key=None)

    assert stranger.user_id != owner.id


async def test_an_issuer_without_an_audience_is_refused_at_start(sqlite: Database) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        with pytest.raises(Invalid) as refusal:
            AccessService.of(Oidc("https://login.example.com"), sqlite, client, Clock())

    assert refusal.value.field == "oidc_audience"


async def test_users_of_one_organisation_share_it(access: AccessService) -> None:
    ada, bob = await access.create_user(EMAIL, "Acme"), await access.create_user("bob@example.com", "Acme")
    eve = await access.create_user("eve@example.com")

    assert ada.organization_id == bob.organization_id != eve.organization_id


async def test_an_email_address_is_one_users_alone(access: AccessService) -> None:
    await access.create_user(EMAIL)

    with pytest.raises(Conflict):
        await access.create_user(EMAIL.upper())


@pytest.mark.parametrize(
    "email", ["", "ada", "@example.com", "a da@example.com", "ada@example.com\r\nBcc: eve", "a@b@c"]
)
async def test_what_is_no_email_address_is_refused(access: AccessService, email: str) -> None:
    with pytest.raises(Invalid) as refusal:
        await access.create_user(email)

    assert refusal.value.field == "email"


@pytest.mark.parametrize("name", [" ", pytest.param("x" * 101, id="long"), "a\nb", "nul\0"])
async def test_what_is_no_name_is_refused(access: AccessService, name: str) -> None:
    await access.create_user(EMAIL)

    with pytest.raises(Invalid):
        await access.create_key(EMAIL, name)


async def test_a_key_that_was_never_valid_is_not_made(access: AccessService) -> None:
    await access.create_user(EMAIL)

    with pytest.raises(Invalid):
        await access.create_key(EMAIL, lifetime=timedelta(0))


async def test_keys_of_unknown_users_are_not_found(access: AccessService) -> None:
    with pytest.raises(NotFound):
        await access.create_key(EMAIL)
    with pytest.raises(NotFound):
        await access.revoke_key(EMAIL, "ak_x")


async def test_a_user_cannot_revoke_anothers_key(access: AccessService) -> None:
    await access.create_user(EMAIL)
    await access.create_user("eve@example.com")
    key, text = await access.create_key(EMAIL)

    with pytest.raises(NotFound):
        await access.revoke_key("eve@example.com", key.id)

    await access.authenticate(bearer=None, api_key=text)
