"""Addresses of feeds as people type them."""

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calendar_sync.domain.errors import Invalid
from providers.ics.address import identity, plain_address, web_address

FEED = "https://calendar.example.com/ical/ann/private-0a1b/basic.ics?x=1"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("webcal://example.com/feed.ics", "https://example.com/feed.ics"),
        ("webcals://example.com/feed.ics", "https://example.com/feed.ics"),
        ("WebCal://example.com/webcal://x", "https://example.com/webcal://x"),
        ("example.com/feed.ics", "https://example.com/feed.ics"),
        ("example.com:8443/feed.ics", "https://example.com:8443/feed.ics"),
        ("//example.com/feed.ics", "https://example.com/feed.ics"),
        ("  https://example.com/feed.ics\n", "https://example.com/feed.ics"),
        ("http://example.com/feed.ics", "http://example.com/feed.ics"),
        ("file:///etc/passwd", "file:///etc/passwd"),
        ("javascript:alert(1)", "javascript:alert(1)"),
    ],
)
def test_a_feed_is_asked_for_over_https_unless_http_was_typed(typed: str, meant: str) -> None:
    assert web_address(typed) == meant


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        (" webcal://example.com/feed.ics", "http://example.com/feed.ics"),
        ("WEBCAL://example.com/webcal://x", "http://example.com/webcal://x"),
        ("webcals://example.com/feed.ics", None),
        ("https://example.com/feed.ics", None),
        ("example.com/feed.ics", None),
    ],
)
def test_webcal_alone_leaves_open_whether_there_is_tls(typed: str, plain: str | None) -> None:
    assert plain_address(typed) == plain


@pytest.mark.parametrize("typed", ["", " ", "\t\n"])
def test_no_address_is_invalid(typed: str) -> None:
    with pytest.raises(Invalid) as invalid:
        web_address(typed)

    assert invalid.value.field == "credentials.url"


@pytest.mark.parametrize(
    "spelling",
    [
        FEED,
        FEED.replace("https", "webcal"),
        FEED.replace("https", "http"),
        FEED.replace("https://calendar", "HTTPS://Calendar"),
        FEED.replace(".com", ".com:443"),
        FEED.replace(".com", ".com."),
        FEED.replace("basic", "%62asic"),
        FEED.replace("ann", "./ann/../ann"),
        f"{FEED}#today",
        FEED.removeprefix("https://"),
    ],
)
def test_every_spelling_names_the_same_feed(spelling: str) -> None:
    assert identity(httpx.URL(web_address(spelling))) == identity(httpx.URL(FEED))


@pytest.mark.parametrize(
    "other",
    [
        FEED.replace("ann", "bob"),
        FEED.replace("0a1b", "0A1B"),
        FEED.replace("x=1", "x=2"),
        FEED.replace(".com", ".com:8443"),
        FEED.replace("/ann/", "/%2Fann/"),
        FEED.removesuffix("?x=1"),
    ],
)
def test_another_address_names_another_feed(other: str) -> None:
    assert identity(httpx.URL(other)) != identity(httpx.URL(FEED))


@given(st.text("0123456789abcdef", min_size=8, max_size=16))
def test_an_identity_does_not_show_the_address(secret: str) -> None:
    named = identity(httpx.URL(f"https://feeds.example/{secret}-private/basic.ics"))

    assert len(named) == 64
    assert secret not in named
    assert "example" not in named
