"""A multistatus means the same in whatever prefixes, order and line ends it is written."""

import pytest

from providers.caldav.wire import CALDAV, DAV, calendar_multiget, read_conditions, read_multistatus, sync_collection
from providers.caldav.xml import parse

CONVENTIONAL = """<?xml version="1.0" encoding="utf-8"?>
<d:multistatus xmlns:d="DAV:" xmlns:cal="urn:ietf:params:xml:ns:caldav">
 <d:sync-token> token-7 </d:sync-token>
 <d:response><d:href>/cal/a.ics</d:href>
  <d:propstat><d:prop><d:getetag>"1"</d:getetag><cal:calendar-data>BEGIN&#13;
END</cal:calendar-data></d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat>
  <d:propstat><d:prop><d:displayname/></d:prop><d:status>HTTP/1.1 404 Not Found</d:status></d:propstat>
 </d:response>
 <d:response><d:href>/cal/b.ics</d:href><d:status>HTTP/1.1 404 Not Found</d:status></d:response>
</d:multistatus>"""

NUMBERED = """<ns0:multistatus xmlns:ns0="DAV:"><ns0:response><ns0:status>HTTP/1.1 404 Not Found</ns0:status>
<ns0:href>/cal/b.ics</ns0:href></ns0:response><ns0:response><ns0:propstat><ns0:status>HTTP/1.1 200 OK</ns0:status>
<ns0:prop><ns0:getetag>"1"</ns0:getetag><ns1:calendar-data xmlns:ns1="urn:ietf:params:xml:ns:caldav"><![CDATA[BEGIN
END]]></ns1:calendar-data></ns0:prop></ns0:propstat><ns0:href>/cal/a.ics</ns0:href></ns0:response>
<ns0:sync-token>token-7</ns0:sync-token></ns0:multistatus>"""


@pytest.mark.parametrize("body", [CONVENTIONAL, NUMBERED], ids=["conventional", "numbered"])
def test_prefixes_and_order_do_not_matter(body: str) -> None:
    answer = read_multistatus(body.encode())

    members = {resource.href: resource for resource in answer.resources}
    assert answer.sync_token == "token-7"
    assert members["/cal/a.ics"].status is None
    assert members["/cal/a.ics"].text(f"{DAV}getetag") == '"1"'
    assert (members["/cal/a.ics"].raw_text(f"{CALDAV}calendar-data") or "").split() == ["BEGIN", "END"]
    assert members["/cal/b.ics"].status == 404


def test_a_property_that_is_missing_is_none() -> None:
    resource = read_multistatus(CONVENTIONAL.encode()).resources[0]

    assert f"{DAV}displayname" not in resource.properties
    assert resource.text(f"{DAV}displayname") is None
    assert resource.hrefs(f"{DAV}owner") == ()
    assert resource.children(f"{DAV}resourcetype") == frozenset()


def test_one_response_may_be_about_several_hrefs() -> None:
    body = (
        '<multistatus xmlns="DAV:"><response><href>/a</href><href>/b</href><href> </href>'
        "<status>HTTP/1.1 404 Not Found</status></response></multistatus>"
    )

    assert [(each.href, each.status) for each in read_multistatus(body.encode()).resources] == [
        ("/a", 404),
        ("/b", 404),
    ]


def test_the_conditions_of_a_refusal_are_named() -> None:
    body = b'<error xmlns="DAV:"><valid-sync-token/></error>'

    assert read_conditions(body) == {f"{DAV}valid-sync-token"}


def test_what_a_server_said_is_sent_back_as_it_was() -> None:
    token, href = "a<b>&'\"c", "/cal/r&d <1>.ics"

    assert parse(sync_collection(token)).findtext(f"{DAV}sync-token") == token
    assert parse(calendar_multiget([href])).findtext(f"{DAV}href") == href


def test_a_listing_is_never_asked_to_be_cut_short() -> None:
    """Some servers cut the answer at DAV:limit and still give the newest token: the rest would be lost."""
    assert b"limit" not in sync_collection(None)
    assert b"nresults" not in sync_collection("token")
