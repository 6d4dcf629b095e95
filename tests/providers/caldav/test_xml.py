"""XML from servers that mean harm is refused before it costs anything, and never reaches beyond itself."""

from pathlib import Path

import pytest

from calendar_sync.domain.errors import BadResponse
from providers.caldav.wire import read_conditions, read_multistatus
from providers.caldav.xml import MalformedXml, parse
from simulators.caldav import hostile
from tests.providers.loopback import listening

HOSTILE = {
    "billion laughs": hostile.billion_laughs(),
    "a bare document type": hostile.bare_doctype(),
    "100,000 levels": hostile.deep(),
    "1,000,000 elements": hostile.wide(),
    "an 11 MB text": f'<multistatus xmlns="DAV:"><sync-token>{"x" * 11_000_000}</sync-token></multistatus>',
    "a control character": '<multistatus xmlns="DAV:"><sync-token>\x0b</sync-token></multistatus>',
    "half a document": '<multistatus xmlns="DAV:"><response>',
    "a web page": hostile.login_page(),
    "nothing": "",
    "words": "Service temporarily sleepy",
    "an unknown encoding": '<?xml version="1.0" encoding="klingon"?><a/>',
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=[name.replace(" ", "-") for name in HOSTILE])
def test_what_may_not_be_read_is_refused(body: str) -> None:
    with pytest.raises(MalformedXml):
        parse(body.encode())


def test_an_entity_that_names_a_file_is_refused_and_the_file_not_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("the content of a file")

    with pytest.raises(MalformedXml) as refused:
        read_multistatus(hostile.external_entity(secret.as_uri()).encode())

    assert "content of a file" not in refused.value.message


async def test_an_external_document_type_is_not_fetched() -> None:
    async with listening() as canary:
        with pytest.raises(MalformedXml):
            read_multistatus(hostile.external_entity(f"{canary.url}/evil.dtd").encode())

        assert canary.connections == 0


def test_a_document_type_inside_an_event_is_text() -> None:
    """Outlook's descriptions are HTML, and some servers send objects as CDATA."""
    body = '<multistatus xmlns="DAV:"><sync-token><![CDATA[<!DOCTYPE HTML>]]></sync-token></multistatus>'

    assert read_multistatus(body.encode()).sync_token == "<!DOCTYPE HTML>"


def test_another_namespace_is_another_document() -> None:
    with pytest.raises(BadResponse):
        read_multistatus(hostile.wrong_namespace().encode())


def test_a_refusal_that_is_no_xml_names_no_condition() -> None:
    assert read_conditions(b"Precondition Failed") == frozenset()
    assert read_conditions(b"<html/>") == frozenset()
