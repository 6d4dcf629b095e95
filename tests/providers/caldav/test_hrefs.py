"""A resource is the same in all its spellings, and different from every other."""

from unicodedata import normalize
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.caldav import hrefs

BASE = "https://cal.example.com/home/ada/work/"

names = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12).filter(
    lambda name: name not in {".", ".."}
)


def shouted(name: str) -> str:
    """Everything percent-encoded, in lower case."""
    return "".join(f"%{byte:02x}" for byte in name.encode())


@given(names)
def test_every_spelling_of_a_name_has_one_key(name: str) -> None:
    spellings = {quote(name, safe=""), quote(name, safe="@~!$&'()*+,;=:"), shouted(name)}
    forms = {shouted(normalize("NFD", name)), shouted(normalize("NFC", name))}

    assert len({hrefs.key(f"/home/{spelling}") for spelling in spellings}) == 1
    assert len({hrefs.key(f"/home/{form}") for form in forms}) == 1


@given(names, names)
def test_different_names_have_different_keys(one: str, other: str) -> None:
    is_same = normalize("NFC", one) == normalize("NFC", other)

    assert (hrefs.key(f"/home/{shouted(one)}") == hrefs.key(f"/home/{shouted(other)}")) == is_same


@given(names)
def test_a_key_is_its_own_key(name: str) -> None:
    key = hrefs.key(f"/home/{shouted(name)}")

    assert hrefs.key(key) == key
    assert hrefs.key(f"https://other.example:8443{key}") == key


@pytest.mark.parametrize(
    ("href", "url"),
    [
        ("/x/a.ics", "https://cal.example.com/x/a.ics"),
        ("a.ics", "https://cal.example.com/home/ada/work/a.ics"),
        ("https://cal.example.com/x/a.ics", "https://cal.example.com/x/a.ics"),
        ("http://cal.example.com:8080/x/a.ics", "https://cal.example.com/x/a.ics"),
        ("https://elsewhere.example.com/x/a.ics", None),
        ("//elsewhere.example.com/x/a.ics", None),
        ("https://cal.example.com:port/", None),
        ("https://[::1/", None),
        ("urn:uuid:1", None),
        ("file:///etc/passwd", None),
    ],
)
def test_an_href_is_asked_for_at_the_server_that_named_it_or_not_at_all(href: str, url: str | None) -> None:
    assert hrefs.within(BASE, href) == url


@pytest.mark.parametrize(
    ("href", "url"),
    [
        ("https://p7-caldav.icloud.com:443/1/calendars/", "https://p7-caldav.icloud.com:443/1/calendars/"),
        ("http://p7-caldav.icloud.com/1/calendars/", None),
        ("https://p7-caldav.icloud.com.evil.example/", None),
        ("https://icloud.com/", None),
    ],
)
def test_trusted_hosts_may_name_one_another(href: str, url: str | None) -> None:
    trusted = ("*.icloud.com",)

    assert hrefs.within("https://caldav.icloud.com/", href, trusted) == url
    assert hrefs.within(BASE, href, trusted) is None


@pytest.mark.parametrize(
    ("path", "is_member"),
    [
        ("a.ics", True),
        ("%61.ics", True),
        ("", False),
        ("sub/", False),
        ("sub/a.ics", False),
        ("..%2Fa.ics", True),
        ("%2e%2e", False),
        ("../a.ics", False),
        ("../work/a.ics", False),
    ],
)
def test_members_lie_directly_in_their_collection(path: str, is_member: bool) -> None:
    assert hrefs.is_member(f"{BASE}{path}", BASE) is is_member


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://Cal.Example.COM:443/x", "https://cal.example.com"),
        ("http://cal.example.com:80", "http://cal.example.com"),
        ("https://cal.example.com:8443/", "https://cal.example.com:8443"),
        ("https://[2001:DB8::1]/", "https://[2001:db8::1]"),
    ],
)
def test_an_origin_has_one_spelling(url: str, origin: str) -> None:
    assert hrefs.origin(url) == origin


def test_without_encryption_to_lose_none_is_lost() -> None:
    assert hrefs.within("http://127.0.0.1:1/", "http://127.0.0.2:2/x", ("*",)) == "http://127.0.0.2:2/x"


def test_a_domain_holds_its_hosts_and_no_namesakes() -> None:
    assert hrefs.is_within_domain("example.com", "example.com")
    assert hrefs.is_within_domain("caldav.example.com", "example.com")
    assert not hrefs.is_within_domain("evilexample.com", "example.com")
    assert not hrefs.is_within_domain("example.com", "caldav.example.com")


def test_a_server_that_names_itself_without_encryption_is_asked_with_it() -> None:
    assert hrefs.as_secure_as(BASE, "http://cal.example.com/p/") == "https://cal.example.com/p/"
    assert hrefs.as_secure_as(BASE, "http://other.example.com/p/") == "http://other.example.com/p/"
    assert hrefs.as_secure_as("http://127.0.0.1:5232/", "http://127.0.0.1:5233/") == "http://127.0.0.1:5233/"
