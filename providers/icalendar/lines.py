"""From the bytes of an iCalendar stream to its logical lines (RFC 5545 §3.1), whatever the producer did to them."""

import re

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f]")


def logical_lines(raw: bytes) -> list[str]:
    """The unfolded lines, without control characters but tabs, in order; empty lines are left out.

    Lines may end in CRLF, LF or CR. Folds are undone on the bytes, since producers fold inside a UTF-8 sequence. A
    line that is not UTF-8 is read as Windows-1252; a stream that begins with a UTF-16 mark is UTF-16.
    """
    if raw.startswith(_UTF_16_MARKS):
        raw = raw.decode("utf-16", "replace").encode()
    unfolded = _unfold(raw.removeprefix(_BYTE_ORDER_MARK))
    try:
        text = unfolded.decode()
    except UnicodeDecodeError:
        text = "\n".join(map(_decode, unfolded.split(b"\n")))
    return [line for line in _CONTROLS.sub("", text).split("\n") if line]


def _unfold(raw: bytes) -> bytes:
    if b"\r" in raw:
        raw = raw.replace(b"\r\r\n", b"\n").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return raw.replace(b"\n ", b"").replace(b"\n\t", b"")


def _decode(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("cp1252", "replace")
