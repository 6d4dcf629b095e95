"""Reading a response's body: inflated as it comes in, never past a limit.

Whatever a server sends, no more than the limit and one chunk is ever held.
"""

import zlib
from collections.abc import AsyncIterable, Iterator

from calendar_sync.domain.errors import BadResponse, Unavailable

_STEP = 256 * 1024
_GZIP = 16 + zlib.MAX_WBITS

TOO_LARGE = "The server's answer is too large."
CUT_OFF = "The server's answer was cut off."


async def read_body(chunks: AsyncIterable[bytes], coding: str, max_bytes: int) -> bytes:
    """The decoded body.

    `coding` is the value of Content-Encoding; `identity`, `gzip` and `deflate` are known (RFC 9110 §8.4.1), one of
    them at a time. Raises `BadResponse` for another coding, corrupt data and more than `max_bytes` (as sent or
    decoded), `Unavailable` when compressed data ends too early.
    """
    decoder = _decoder(coding)
    parts: list[bytes] = []
    sent = held = 0
    async for chunk in chunks:
        sent += len(chunk)
        for part in decoder.decode(chunk):
            held += len(part)
            if held > max_bytes:
                raise BadResponse(TOO_LARGE)
            parts.append(part)
        if sent > max_bytes:
            raise BadResponse(TOO_LARGE)
    decoder.finish()
    return b"".join(parts)


class _Identity:
    def decode(self, chunk: bytes) -> Iterator[bytes]:
        yield chunk

    def finish(self) -> None:
        return


class _Inflate:
    """zlib in small steps. gzip may come in several members; `deflate` with or without its zlib header."""

    def __init__(self, window_bits: int) -> None:
        self._window_bits = window_bits
        self._stream = zlib.decompressobj(window_bits)
        self._started = False

    def decode(self, chunk: bytes) -> Iterator[bytes]:
        part = b""
        while chunk or len(part) == _STEP:  # a full step may have left output behind
            if self._stream.eof:
                self._next_member()
            yield (part := self._step(chunk))
            chunk = self._stream.unused_data if self._stream.eof else self._stream.unconsumed_tail
            if self._stream.eof and not chunk:
                return

    def finish(self) -> None:
        if self._started and not self._stream.eof:
            raise Unavailable(CUT_OFF)

    def _step(self, chunk: bytes) -> bytes:
        try:
            return self._inflated(chunk)
        except zlib.error as err:
            raise BadResponse("The server's answer is corrupt: its compressed data cannot be read.") from err

    def _inflated(self, chunk: bytes) -> bytes:
        try:
            part = self._stream.decompress(chunk, _STEP)
        except zlib.error:
            if self._started or self._window_bits != zlib.MAX_WBITS:
                raise
            self._stream = zlib.decompressobj(-zlib.MAX_WBITS)
            part = self._stream.decompress(chunk, _STEP)
        self._started = True
        return part

    def _next_member(self) -> None:
        if self._window_bits != _GZIP:
            raise BadResponse("The server's answer is corrupt: something follows its compressed data.")
        self._stream = zlib.decompressobj(_GZIP)


def _decoder(coding: str) -> _Identity | _Inflate:
    match coding.strip().lower():
        case "" | "identity":
            return _Identity()
        case "gzip" | "x-gzip":
            return _Inflate(_GZIP)
        case "deflate":
            return _Inflate(zlib.MAX_WBITS)
        case _:
            raise BadResponse("The server's answer is compressed in a way that was not asked for.")
