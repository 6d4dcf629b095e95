"""Texts survive whatever folds, line ends and encodings a producer uses."""

from hypothesis import given, settings
from hypothesis import strategies as st

from calendar_sync.domain.providers import Upsert
from providers.icalendar import read_feed
from providers.icalendar.lines import logical_lines
from providers.icalendar.rich_text import visible_text
from tests.providers.icalendar.building import stream, vevent

# RFC 5545 has no control characters in texts; blanks at the ends are not kept.
texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=200).map(str.strip).filter(bool)
line_ends = st.sampled_from([b"\r\n", b"\n", b"\r"])


def escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def title_of(raw: bytes) -> str | None:
    (change,) = read_feed(raw, default_zone="UTC").changes
    assert isinstance(change, Upsert), change
    return change.event.details.title


def folded(raw: bytes, cuts: list[int], line_end: bytes, blank: bytes) -> bytes:
    """Fold at any bytes that are not part of a line end."""
    lines = []
    for line in raw.split(b"\r\n"):
        pieces, last = [], 0
        for cut in sorted(cut for cut in cuts if cut < len(line)):
            pieces.append(line[last:cut])
            last = cut
        lines.append((line_end + blank).join([*pieces, line[last:]]))
    return line_end.join(lines)


@settings(deadline=None)
@given(texts, st.lists(st.integers(1, 400), max_size=20, unique=True), line_ends, st.sampled_from([b" ", b"\t"]))
def test_a_text_survives_folds_at_any_byte(text: str, cuts: list[int], line_end: bytes, blank: bytes) -> None:
    raw = folded(stream(vevent(f"SUMMARY:{escaped(text)}")), cuts, line_end, blank)

    assert title_of(raw) == text


@settings(deadline=None)
@given(texts, st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_a_text_survives_every_unicode_encoding(text: str, encoding: str) -> None:
    raw = stream(vevent(f"SUMMARY:{escaped(text)}")).decode().encode(encoding)

    assert title_of(raw) == text


@settings(deadline=None)
@given(st.text(st.sampled_from("äöüÄÖÜßéèçñ€ –“”abc"), min_size=1).map(str.strip).filter(bool))  # noqa: RUF001
def test_a_text_in_windows_1252_survives(text: str) -> None:
    raw = stream(vevent(f"SUMMARY:x{text}x")).decode().encode("cp1252")

    assert title_of(raw) in {f"x{text}x", f"x{text.encode('cp1252').decode('utf-8', 'ignore')}x"}


@settings(deadline=None)
@given(st.text())
def test_a_text_with_line_breaks_survives_as_lines(text: str) -> None:
    plain = "".join(character for character in text if character == "\n" or character.isprintable())

    assert title_of(stream(vevent(f"SUMMARY:{escaped(plain)}"))) == (plain.strip() or None)


def test_lines_break_at_line_ends_only() -> None:
    assert logical_lines("A:one\u2028two\x85three\x0bfour\r\nB:2".encode()) == ["A:one\u2028two\x85threefour", "B:2"]


def test_a_parameter_may_hold_what_separates() -> None:
    raw = stream(vevent('SUMMARY;ALTREP="http://example.org/a;b:c";LANGUAGE=en:Standup: daily; short'))

    assert title_of(raw) == "Standup: daily; short"


def test_html_is_read_as_a_reader_sees_it() -> None:
    html = """<!DOCTYPE html><html><head><title>No</title></head><body><!-- not <b>this</b> -->
        <p>One &lt;two&gt;<br>three   <b>four</b></p><script>if (a < b) {}</script><o:p>five</o:p></body></html>"""

    assert visible_text(html) == "One <two>\nthree four\nfive"


def test_text_that_only_looks_like_html_is_kept() -> None:
    assert visible_text("a < b and <https://example.org> > c") == "a < b and <https://example.org> > c"
