"""HTML to the text a reader sees.

Not with `html.parser`, whose time grows with the square of the input for text such as a row of `<a href="`.
"""

import re
from html import unescape

_TAG = re.compile(r"<!--|-->|<(/?)([a-z][a-z0-9]*(?::[a-z]\w*)?)(?=[\s/>])[^<>]*>|<![^<>]*>", re.IGNORECASE)
_HIDDEN = frozenset({"head", "script", "style", "title"})
_BREAKS = frozenset({"br", "p", "div", "li", "tr", "table", "ul", "ol", "hr", "h1", "h2", "h3", "h4", "h5", "h6"})


def visible_text(html: str) -> str:
    """The text between tags, a line for each paragraph, without styles, scripts and comments."""
    pieces: list[str] = []
    position, hidden_by = 0, ""
    for tag in _TAG.finditer(html):
        if not hidden_by:
            pieces.append(" ".join(html[position : tag.start()].split("\n")))
        position = tag.end()
        is_end, name = bool(tag[1]), (tag[2] or "").lower()
        if not hidden_by:
            hidden_by = "<!--" if tag[0] == "<!--" else name if name in _HIDDEN and not is_end else ""
        elif (is_end and name == hidden_by) or (tag[0] == "-->" and hidden_by == "<!--"):
            hidden_by = ""
        if name in _BREAKS:
            pieces.append("\n")
    if not hidden_by:
        pieces.append(html[position:])
    lines = (" ".join(line.split()) for line in unescape("".join(pieces)).split("\n"))
    return "\n".join(filter(None, lines))
