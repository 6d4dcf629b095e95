"""Bodies are inflated as they come in, and never past the limit."""

import gzip
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calendar_sync.domain.errors import BadResponse, Unavailable
from providers.inflate import read_body

MEGABYTE = 1024 * 1024


async def in_chunks(data: bytes, size: int = 64 * 1024) -> AsyncIterator[bytes]:
    for at in range(0, len(data), size):
        yield data[at : at + size]


def raw_deflate(data: bytes) -> bytes:
    press = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return press.compress(data) + press.flush()


CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    "identity": bytes,
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    " GZIP ": gzip.compress,
    "deflate": zlib.compress,
    "Deflate": raw_deflate,
}


@given(
    coding=st.sampled_from(sorted(CODINGS)),
    data=st.binary(max_size=2000) | st.binary(max_size=20).map(lambda some: some * 50_000),
    size=st.integers(2, 70_000),
)
async def test_what_was_written_is_read_in_whatever_pieces_it_comes(coding: str, data: bytes, size: int) -> None:
    sent = CODINGS[coding](data)
    size = max(size, len(sent) // 100)

    assert await read_body(in_chunks(sent, size), coding, 2 * MEGABYTE) == data


@pytest.mark.parametrize("length", [MEGABYTE // 4 + more for more in (-1, 0, 1, 21, 24, 258, 300, MEGABYTE)])
@pytest.mark.parametrize("coding", ["gzip", "deflate", "Deflate"])
async def test_a_body_that_ends_with_a_step_is_read_to_its_end(coding: str, length: int) -> None:
    sent = CODINGS[coding](bytes(length))

    assert await read_body(in_chunks(sent), coding, 2 * MEGABYTE) == bytes(length)


async def test_gzip_in_several_members_is_read_as_one() -> None:
    sent = gzip.compress(b"one ") + gzip.compress(b"") + gzip.compress(b"two")

    assert await read_body(in_chunks(sent, 7), "gzip", 100) == b"one two"


async def test_an_empty_body_needs_no_gzip_around_it() -> None:
    assert await read_body(in_chunks(b""), "gzip", 100) == b""


@pytest.mark.parametrize("coding", sorted(CODINGS))
async def test_a_body_may_be_as_large_as_the_limit_and_no_larger(coding: str) -> None:
    data = bytes(range(256)) * 8
    sent = CODINGS[coding](data)

    assert await read_body(in_chunks(sent), coding, len(data)) == data
    with pytest.raises(BadResponse, match="too large"):
        await read_body(in_chunks(sent), coding, len(data) - 1)


@pytest.mark.parametrize(
    ("inflated", "members"), [(64 * MEGABYTE, 1), (MEGABYTE, 1024)], ids=["one member", "many members"]
)
async def test_a_bomb_takes_no_more_memory_than_the_limit(inflated: int, members: int) -> None:
    bomb = gzip.compress(bytes(inflated)) * members
    tracemalloc.start()
    try:
        with pytest.raises(BadResponse, match="too large"):
            await read_body(in_chunks(bomb), "gzip", 4 * MEGABYTE)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 6 * MEGABYTE


async def test_members_that_hold_nothing_are_counted_as_they_were_sent() -> None:
    with pytest.raises(BadResponse, match="too large"):
        await read_body(in_chunks(gzip.compress(b"") * 100), "gzip", 1000)


@pytest.mark.parametrize("coding", ["br", "zstd", "compress", "gzip, gzip", "gzip,br", "utf-8"])
async def test_a_coding_that_was_not_asked_for_is_refused(coding: str) -> None:
    with pytest.raises(BadResponse, match="not asked for"):
        await read_body(in_chunks(gzip.compress(gzip.compress(b"hello"))), coding, 100)


@pytest.mark.parametrize(
    ("coding", "sent"),
    [
        ("gzip", b"this is plain text"),
        ("gzip", gzip.compress(b"hello")[:-8] + b"checksum"),
        ("gzip", gzip.compress(b"hello") + b"and more"),
        ("deflate", b"this is plain text"),
        ("deflate", zlib.compress(b"hello") + b"and more"),
    ],
    ids=["plain text", "wrong checksum", "more behind it", "plain text, deflate", "more behind it, deflate"],
)
async def test_corrupt_data_is_refused(coding: str, sent: bytes) -> None:
    with pytest.raises(BadResponse, match="corrupt"):
        await read_body(in_chunks(sent), coding, 1000)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "Deflate"])
async def test_compressed_data_that_ends_too_early_is_a_passing_fault(coding: str) -> None:
    sent = CODINGS[coding](bytes(range(256)))

    with pytest.raises(Unavailable, match="cut off"):
        await read_body(in_chunks(sent[:-3]), coding, 1000)
