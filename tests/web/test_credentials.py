import pytest
from starlette.datastructures import Headers

from calendar_sync.domain.errors import NotAuthenticated
from calendar_sync.web.authentication import Credentials, credentials_of


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ([], Credentials(None, None)),
        ([("authorization", "Bearer x")], Credentials("x", None)),
        ([("Authorization", "bearer  x ")], Credentials("x", None)),
        ([("authorization", "Bearer")], Credentials(None, None)),
        ([("authorization", "")], Credentials(None, None)),
        ([("authorization", "Basic YTpi")], Credentials(None, None)),
        ([("authorization", "Basic YTpi"), ("x-api-key", "k")], Credentials(None, "k")),
        ([("x-api-key", "k")], Credentials(None, "k")),
        ([("X-API-Key", " k ")], Credentials(None, "k")),
        ([("api-key", "k")], Credentials(None, "k")),
        ([("api-key", "k"), ("x-api-key", "k")], Credentials(None, "k")),
        ([("x-api-key", ""), ("authorization", "Bearer x")], Credentials("x", None)),
        ([("x-api-key", "k"), ("authorization", "Bearer x")], Credentials("x", "k")),
    ],
)
def test_credentials_are_read_from_any_of_the_headers(headers: list[tuple[str, str]], found: Credentials) -> None:
    raw = [(name.lower().encode(), value.encode()) for name, value in headers]

    assert credentials_of(Headers(raw=raw)) == found


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ([(b"api-key", b"k"), (b"x-api-key", b"l")], "INVALID_API_KEY"),
        ([(b"x-api-key", b"k"), (b"x-api-key", b"l")], "INVALID_API_KEY"),
        ([(b"authorization", b"Bearer x"), (b"authorization", b"Bearer y")], "TOKEN_INVALID"),
    ],
)
def test_credentials_that_contradict_one_another_are_refused(headers: list[tuple[bytes, bytes]], reason: str) -> None:
    with pytest.raises(NotAuthenticated) as refusal:
        credentials_of(Headers(raw=headers))

    assert refusal.value.reason == reason
