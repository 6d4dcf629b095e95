"""What OAuth 2.0 asks of every provider alike: proof of who asked for a code, and where its answer may go."""

from base64 import urlsafe_b64encode
from collections.abc import Collection
from hashlib import sha256
from urllib.parse import urlsplit

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def is_challenge(challenge: str, method: str) -> bool:
    """Whether a client may be asked to prove itself so (RFC 7636 §4.3)."""
    return method in {"S256", "plain"} and 43 <= len(challenge) <= 128


def meets_challenge(verifier: str, challenge: str, method: str) -> bool:
    """RFC 7636 §4.6."""
    digest = urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")
    return 43 <= len(verifier) <= 128 and challenge == (digest if method == "S256" else verifier)


def may_redirect(redirect_uri: str, registered: Collection[str]) -> bool:
    """Whether it is one of those registered or, of a client that registered none, on loopback (RFC 8252 §7.3)."""
    if registered:
        return redirect_uri in registered
    address = urlsplit(redirect_uri)
    return address.scheme == "http" and address.hostname in _LOOPBACK
