"""Answers of a server that means harm, as bodies for `Fault`."""

_MULTISTATUS = '<multistatus xmlns="DAV:">{}</multistatus>'


def billion_laughs() -> str:
    entities = '<!ENTITY l0 "ha">' + "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))
    return f"<!DOCTYPE multistatus [{entities}]>" + _MULTISTATUS.format("<sync-token>&l9;</sync-token>")


def external_entity(address: str) -> str:
    """An entity, and a document type, that stand elsewhere: a file or an address."""
    declaration = f'<!DOCTYPE multistatus SYSTEM "{address}" [<!ENTITY x SYSTEM "{address}">]>'
    return declaration + _MULTISTATUS.format("<sync-token>&x;</sync-token>")


def bare_doctype() -> str:
    return "<!DOCTYPE multistatus>" + _MULTISTATUS.format("")


def deep(levels: int = 100_000) -> str:
    return _MULTISTATUS.format("<a>" * levels + "</a>" * levels)


def wide(elements: int = 1_000_000) -> str:
    return _MULTISTATUS.format("<a/>" * elements)


def wrong_namespace() -> str:
    return '<multistatus xmlns="urn:not:DAV"/>'


def login_page() -> str:
    return "<!DOCTYPE html><html><body><p>Please log in<br></body></html>"
