"""Signing in with a password: Basic at once, Digest where it is asked for."""

import re
from hashlib import md5, sha256

import httpx
import pytest

from providers.password import PasswordAuth, digest_challenge

URL = "https://dav.example/calendars/a%20b/"
DIGEST = 'Digest realm="dav", nonce="n1", qop="auth", opaque="o"'


def a_401(*challenges: str) -> httpx.Response:
    request = httpx.Request("PROPFIND", URL)
    return httpx.Response(401, headers=[("www-authenticate", each) for each in challenges], request=request)


def sent_for(auth: httpx.Auth, *answers: httpx.Response) -> list[str]:
    """The Authorization headers that go out when the server gives these answers."""
    request = httpx.Request("PROPFIND", URL)
    flow = auth.auth_flow(request)
    headers = [next(flow).headers["authorization"]]
    for answer in answers:
        try:
            headers.append(flow.send(answer).headers["authorization"])
        except StopIteration:
            break
    return headers


def fields(header: str) -> dict[str, str]:
    return dict(re.findall(r'(\w+)="?([^",]*)', header.removeprefix("Digest ")))


def test_basic_is_sent_with_the_first_request() -> None:
    assert sent_for(PasswordAuth("ann", "pässword")) == ["Basic YW5uOnDDpHNzd29yZA=="]


@pytest.mark.parametrize(
    "challenges",
    [
        ('Basic realm="dav"',),
        (),
        ('X-MobileMe-AuthToken realm="MMCalDav", Basic realm="MMCalDav"',),
        (DIGEST, 'Basic realm="dav"'),
        ("Negotiate",),
    ],
)
def test_a_refused_password_is_not_sent_again(challenges: tuple[str, ...]) -> None:
    assert len(sent_for(PasswordAuth("ann", "wrong"), a_401(*challenges))) == 1


@pytest.mark.parametrize(
    "challenges", [(DIGEST,), ("Negotiate", DIGEST), (f'Bearer realm="x", {DIGEST}',), (f'{DIGEST}, Bearer realm="x"',)]
)
def test_a_digest_challenge_is_answered(challenges: tuple[str, ...]) -> None:
    _, header = sent_for(PasswordAuth("ann", "pw"), a_401(*challenges))

    told = fields(header)
    one = md5(b"ann:dav:pw", usedforsecurity=False).hexdigest()
    two = md5(b"PROPFIND:/calendars/a%20b/", usedforsecurity=False).hexdigest()
    text = f"{one}:n1:{told['nc']}:{told['cnonce']}:auth:{two}"
    assert told["response"] == md5(text.encode(), usedforsecurity=False).hexdigest()


def test_digest_with_sha_256_is_answered() -> None:
    _, header = sent_for(PasswordAuth("ann", "pw"), a_401('Digest realm="dav", nonce="n1", algorithm=SHA-256'))

    told = fields(header)
    one, two = sha256(b"ann:dav:pw").hexdigest(), sha256(b"PROPFIND:/calendars/a%20b/").hexdigest()
    assert told["response"] == sha256(f"{one}:n1:{two}".encode()).hexdigest()


def test_once_challenged_digest_goes_out_first_with_its_next_count() -> None:
    auth = PasswordAuth("ann", "pw")

    first = sent_for(auth, a_401(DIGEST))[-1]
    (second,) = sent_for(auth)

    assert (fields(first)["nc"], fields(second)["nc"]) == ("00000001", "00000002")


def test_a_stale_nonce_is_renewed() -> None:
    auth = PasswordAuth("ann", "pw")
    sent_for(auth, a_401(DIGEST))

    _, header = sent_for(auth, a_401('Digest realm="dav", nonce="n2", qop="auth", stale=true'))

    assert fields(header)["nonce"] == "n2"


@pytest.mark.parametrize(
    "challenge",
    [
        'Digest nonce="n"',
        'Digest realm="dav", nonce="n", algorithm=ROT13',
        'Digest realm="dav", nonce="n", qop="auth-int"',
        'Digest realm="dav", nonce="n", qop="strange"',
        "Digest realm=dav, nonce",
    ],
)
def test_a_challenge_that_cannot_be_answered_leaves_the_401(challenge: str) -> None:
    assert len(sent_for(PasswordAuth("ann", "pw"), a_401(challenge))) == 1


def test_digest_is_found_wherever_it_stands() -> None:
    assert digest_challenge(a_401(f'Bearer realm="a, Digest b=c", {DIGEST}')) == DIGEST
