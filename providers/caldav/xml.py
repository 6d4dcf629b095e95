"""XML from servers nobody vouches for: no DTD, no entities, no network, and bounds on everything."""

from lxml import etree

from calendar_sync.domain.errors import BadResponse

MAX_TAGS = 1_000_000
"""Start and end tags together. A listing spends twelve on an event."""


class MalformedXml(BadResponse):
    """The body is not XML, or not XML that may be read."""


def parse(body: bytes) -> etree._Element:
    """The root element of `body`. The encoding is what the document says.

    Beyond what the parser refuses by itself (256 levels, 10 MB in one text), any DOCTYPE is refused. Raises
    `MalformedXml`.
    """
    if body.count(b"<") > MAX_TAGS:
        raise MalformedXml("The server's answer has too many elements.")
    try:
        root = etree.fromstring(body, _parser())
    except (etree.XMLSyntaxError, ValueError, LookupError) as err:
        raise MalformedXml("The server's answer is not well-formed XML.") from err
    information = root.getroottree().docinfo
    if information.doctype or information.internalDTD is not None or information.externalDTD is not None:
        raise MalformedXml("The server's answer has a document type declaration, which is not accepted.")
    return root


def _parser() -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_pis=True,
        remove_comments=True,
    )
