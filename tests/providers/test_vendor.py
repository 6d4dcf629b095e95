"""Which addresses a transport to a vendor reaches."""

import pytest

from calendar_sync.domain.errors import AddressRefused
from providers.vendor import vendor_transport


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080/v3", "http://localhost:8080", "http://[::1]:8080"])
def test_a_vendor_on_this_machine_is_reached(url: str) -> None:
    assert vendor_transport(url).check(url).host


def test_a_vendor_outside_leads_to_nothing_inside() -> None:
    transport = vendor_transport("https://www.googleapis.com/calendar/v3")
    assert transport.check("https://www.googleapis.com/calendar/v3").host
    for url in ("http://127.0.0.1:8080", "https://10.0.0.1/", "https://localhost/"):
        with pytest.raises(AddressRefused):
            transport.check(url)


@pytest.mark.parametrize("urls", [("http://api.example",), ("https://api.example", "http://127.0.0.1:8080")])
def test_tokens_are_not_sent_over_plain_http(urls: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="https"):
        vendor_transport(*urls)
