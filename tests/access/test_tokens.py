import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import httpx
import pytest
from joserfc.errors import SecurityWarning
from joserfc.jwk import RSAKey

from calendar_sync.access.jwks import TrustedIssuer
from calendar_sync.access.tokens import Subject, TokenVerifier
from calendar_sync.domain.errors import NotAuthenticated, Unavailable
from tests.access.issuer import ABSENT, AUDIENCE, Issuer, a_signing_key, an_issuer, signed


@pytest.fixture
async def issuer() -> AsyncGenerator[Issuer]:
    async with an_issuer() as issuer:
        yield issuer


@pytest.fixture
async def verifier(issuer: Issuer) -> AsyncGenerator[TokenVerifier]:
    async with verifying(issuer, issuer.jwks_url) as verifier:
        yield verifier


@asynccontextmanager
async def verifying(issuer: Issuer, jwks_url: str | None) -> AsyncGenerator[TokenVerifier]:
    trusted = TrustedIssuer(issuer.address, AUDIENCE, jwks_url)
    async with httpx.AsyncClient(trust_env=False) as client:
        yield TokenVerifier(trusted, client, issuer.clock)


async def accepted(verifier: TokenVerifier, token: str) -> bool:
    return (await verifier.verify(token)).subject == "ada"


async def refused(verifier: TokenVerifier, token: str) -> str:
    with pytest.raises(NotAuthenticated) as refusal:
        await verifier.verify(token)
    return refusal.value.reason


@pytest.mark.parametrize(
    ("kind", "algorithm"),
    [("EC", "ES256"), ("RSA", "RS256"), ("RSA", "PS256"), ("OKP", "Ed25519"), ("OKP", "EdDSA")],
)
async def test_a_good_token_says_whose_it_is(
    issuer: Issuer, verifier: TokenVerifier, kind: str, algorithm: str
) -> None:
    issuer.keys = [a_signing_key("only", kind)]

    assert await verifier.verify(issuer.token(algorithm=algorithm)) == Subject(issuer.address, "ada", None)


async def test_an_audience_among_others_is_enough(issuer: Issuer, verifier: TokenVerifier) -> None:
    assert await accepted(verifier, issuer.token({"aud": ["another", AUDIENCE]}))


@pytest.mark.parametrize(
    ("claims", "email"),
    [
        ({"email": "ada@example.com", "email_verified": True}, "ada@example.com"),
        ({"email": "ada@example.com", "email_verified": False}, None),
        ({"email": "ada@example.com"}, None),
        ({"email": "ada@example.com", "email_verified": "true"}, None),
        ({"email": ["ada@example.com"], "email_verified": True}, None),
    ],
)
async def test_an_email_counts_only_where_the_issuer_verified_it(
    issuer: Issuer, verifier: TokenVerifier, claims: dict[str, object], email: str | None
) -> None:
    assert (await verifier.verify(issuer.token(claims))).email == email


async def test_clocks_may_differ_by_half_a_minute(issuer: Issuer, verifier: TokenVerifier) -> None:
    now = issuer.clock().timestamp()

    assert await accepted(verifier, issuer.token({"exp": now - 29}))
    assert await accepted(verifier, issuer.token({"nbf": now + 30, "iat": now + 30}))


async def test_an_expired_token_is_named_so(issuer: Issuer, verifier: TokenVerifier) -> None:
    token = issuer.token()
    issuer.clock.forward(seconds=331)

    assert await refused(verifier, token) == "TOKEN_EXPIRED"


@pytest.mark.parametrize("subject", [ABSENT, "", pytest.param("x" * 256, id="long"), "nul\0", "ädä", "\ud800"])
async def test_a_token_that_names_nobody_is_named_so(issuer: Issuer, verifier: TokenVerifier, subject: object) -> None:
    assert await refused(verifier, issuer.token({"sub": subject})) == "TOKEN_MISSING_SUBJECT"


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"},
        {"iss": ["https://evil.example"]},
        {"aud": "another"},
        {"aud": ["another"]},
        {"aud": {}},
        {"nbf": 99_999_999_999},
        {"iat": 99_999_999_999},
        {"exp": "never"},
        {"exp": float("nan")},
        {"exp": True},
        {"sub": 7},
        {"iss": ABSENT},
        {"aud": ABSENT},
        {"exp": ABSENT},
    ],
)
async def test_a_token_with_a_wrong_claim_is_invalid(
    issuer: Issuer, verifier: TokenVerifier, claims: dict[str, object]
) -> None:
    assert await refused(verifier, issuer.token(claims)) == "TOKEN_INVALID"


@pytest.mark.parametrize(
    "token",
    ["", "x", "..", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "é.é.é", pytest.param("x" * 1_000_000, id="long")],
)
async def test_what_is_no_token_is_invalid_and_costs_no_fetch(
    issuer: Issuer, verifier: TokenVerifier, token: str
) -> None:
    assert await refused(verifier, token) == "TOKEN_INVALID"
    assert issuer.fetches == 0


async def test_a_token_signed_by_someone_else_is_invalid(issuer: Issuer, verifier: TokenVerifier) -> None:
    forged = issuer.token(key=a_signing_key("first"))

    assert await refused(verifier, forged) == "TOKEN_INVALID"


async def test_a_changed_token_is_invalid(issuer: Issuer, verifier: TokenVerifier) -> None:
    header, _, signature = issuer.token().split(".")
    payload = issuer.token({"sub": "eve"}).split(".")[1]

    assert await refused(verifier, f"{header}.{payload}.{signature}") == "TOKEN_INVALID"


async def test_the_public_key_is_not_taken_for_a_shared_secret(issuer: Issuer, verifier: TokenVerifier) -> None:
    rsa = RSAKey.generate_key(2048, {"kid": "first"})
    issuer.keys = [rsa]
    public = rsa.as_pem(private=False)

    assert await refused(verifier, issuer.token(algorithm="HS256", secret=public)) == "TOKEN_INVALID"
    assert await refused(verifier, issuer.token(algorithm="RS256", secret=public)) == "TOKEN_INVALID"


async def test_an_unsigned_token_is_invalid(issuer: Issuer, verifier: TokenVerifier) -> None:
    assert await refused(verifier, issuer.token(algorithm="none")) == "TOKEN_INVALID"


@pytest.mark.parametrize(("kind", "algorithm"), [("RSA", "RS512"), ("RSA", "PS384"), ("OKP", "RS256")])
async def test_an_algorithm_that_is_not_listed_or_not_the_keys_is_invalid(
    issuer: Issuer, verifier: TokenVerifier, kind: str, algorithm: str
) -> None:
    issuer.keys = [a_signing_key("only", kind)]
    signing = issuer.keys[0] if kind == "RSA" else a_signing_key("only", "RSA")

    assert await refused(verifier, issuer.token(key=signing, algorithm=algorithm)) == "TOKEN_INVALID"


async def test_header_fields_of_the_issuers_own_are_passed_over(issuer: Issuer, verifier: TokenVerifier) -> None:
    assert await accepted(verifier, issuer.token(header={"x-theirs": 1, "typ": "at+jwt"}))


@pytest.mark.parametrize(
    "header", [{"crit": ["x-theirs"], "x-theirs": 1}, {"kid": 7}, {"alg": ["ES256"]}, {"b64": False, "crit": ["b64"]}]
)
async def test_a_header_that_cannot_be_obeyed_makes_it_invalid(
    issuer: Issuer, verifier: TokenVerifier, header: dict[str, object]
) -> None:
    good = {"alg": "ES256", "kid": "first"}
    _, payload, signature = issuer.token().split(".")
    odd = signed({**good, "typ": "JWT"}, {**good, **header}, issuer.keys[0]).split(".")[1]

    assert await refused(verifier, f"{odd}.{payload}.{signature}") == "TOKEN_INVALID"


async def test_keys_are_found_through_discovery_where_no_address_is_set(issuer: Issuer) -> None:
    async with verifying(issuer, None) as verifier:
        assert await accepted(verifier, issuer.token())


async def test_a_discovery_document_of_another_issuer_is_not_believed(issuer: Issuer) -> None:
    issuer.claimed_issuer = "https://evil.example"

    async with verifying(issuer, None) as verifier:
        with pytest.raises(Unavailable):
            await verifier.verify(issuer.token())


async def test_keys_are_fetched_once_for_many_tokens_at_once(issuer: Issuer, verifier: TokenVerifier) -> None:
    await asyncio.gather(*(verifier.verify(issuer.token()) for _ in range(20)))

    assert issuer.fetches == 1


async def test_a_token_signed_by_a_new_key_is_accepted_after_a_rotation(
    issuer: Issuer, verifier: TokenVerifier
) -> None:
    await verifier.verify(issuer.token())
    issuer.keys.insert(0, a_signing_key("second"))
    issuer.clock.forward(minutes=1)

    assert await accepted(verifier, issuer.token())
    assert issuer.fetches == 2


async def test_a_retired_key_is_forgotten_within_the_hour(issuer: Issuer, verifier: TokenVerifier) -> None:
    retired = issuer.keys[0]
    await verifier.verify(issuer.token())
    issuer.keys = [a_signing_key("second")]
    issuer.clock.forward(hours=1)

    assert await refused(verifier, issuer.token(key=retired)) == "TOKEN_INVALID"


async def test_a_flood_of_unknown_keys_is_one_fetch_a_minute(issuer: Issuer, verifier: TokenVerifier) -> None:
    await verifier.verify(issuer.token())
    unknown = issuer.token(key=a_signing_key("unknown"))

    for _ in range(3):
        issuer.clock.forward(minutes=1)
        for _ in range(300):
            assert await refused(verifier, unknown) == "TOKEN_INVALID"

    assert issuer.fetches == 1 + 3


async def test_the_last_good_keys_stand_while_the_provider_is_down(issuer: Issuer, verifier: TokenVerifier) -> None:
    await verifier.verify(issuer.token())
    issuer.is_down = True

    for _ in range(5):
        issuer.clock.forward(hours=1)
        assert await accepted(verifier, issuer.token())


async def test_without_any_keys_it_is_said_to_be_unavailable_and_tried_again_soon(
    issuer: Issuer, verifier: TokenVerifier
) -> None:
    issuer.is_down = True
    for _ in range(3):
        with pytest.raises(Unavailable):
            await verifier.verify(issuer.token())
    assert issuer.fetches == 1

    issuer.is_down = False
    issuer.clock.forward(seconds=5)

    assert await accepted(verifier, issuer.token())


async def test_a_token_that_does_not_name_its_key_is_good_where_there_is_just_one(
    issuer: Issuer, verifier: TokenVerifier
) -> None:
    key = issuer.keys[0]
    claims = {"iss": issuer.address, "aud": AUDIENCE, "sub": "ada", "exp": issuer.clock().timestamp() + 9999}
    nameless = signed({"alg": "ES256"}, claims, key)
    assert await accepted(verifier, nameless)

    issuer.keys.append(a_signing_key("second"))
    issuer.clock.forward(hours=1)

    assert await refused(verifier, nameless) == "TOKEN_INVALID"


async def test_keys_that_cannot_verify_are_left_out(issuer: Issuer, verifier: TokenVerifier) -> None:
    for_encryption = {**a_signing_key("first").as_dict(private=False), "use": "enc"}
    with pytest.warns(SecurityWarning):
        weak = RSAKey.generate_key(1024, {"kid": "weak"})
    issuer.odd_keys = [
        None,
        {"kty": "oct", "kid": "shared", "k": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"},
        {"kty": "RSA", "kid": "broken", "n": "!", "e": "AQAB"},
        {"kty": "AKP", "kid": "newer"},
        for_encryption,
        weak.as_dict(private=False),
    ]

    assert await accepted(verifier, issuer.token())
    assert await refused(verifier, issuer.token(key=weak, algorithm="RS256")) == "TOKEN_INVALID"


@pytest.mark.parametrize("keys", [[], None, {}, [None]])
async def test_a_document_without_a_usable_key_changes_nothing(
    issuer: Issuer, verifier: TokenVerifier, keys: object
) -> None:
    await verifier.verify(issuer.token())
    issuer.document = {"keys": keys}
    issuer.clock.forward(hours=1)

    assert await accepted(verifier, issuer.token())
    assert issuer.fetches == 2
