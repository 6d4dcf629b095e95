"""An answer as it comes off the connection: its headers and its body, both bounded."""

import httpcore
import httpx

from calendar_sync.domain.errors import BadResponse, ProviderError
from providers.inflate import TOO_LARGE, read_body

_MOST_HEADERS = 200
_MOST_HEADER_BYTES = 64 * 1024
_MOST_ERROR_BYTES = 256 * 1024


def read_headers(answer: httpcore.Response) -> httpx.Headers:
    """Raises `BadResponse` where there are too many."""
    size = sum(len(name) + len(value) for name, value in answer.headers)
    if len(answer.headers) > _MOST_HEADERS or size > _MOST_HEADER_BYTES:
        raise BadResponse("The server's answer has too many headers.")
    return httpx.Headers(answer.headers)


async def read_answer(answer: httpcore.Response, headers: httpx.Headers, max_bytes: int) -> bytes:
    """The decoded body. Raises `BadResponse` where it is larger than `max_bytes` or cannot be decoded."""
    announced = headers.get("content-length", "0").strip()
    if announced.isdecimal() and (len(announced) > 18 or int(announced) > max_bytes):
        raise BadResponse(TOO_LARGE)
    return await read_body(answer.aiter_stream(), headers.get("content-encoding", ""), max_bytes)


async def read_error(answer: httpcore.Response, headers: httpx.Headers) -> bytes:
    """The body of an answer whose status says it all; left out where it is too large or cannot be read."""
    try:
        return await read_answer(answer, headers, _MOST_ERROR_BYTES)
    except ProviderError:
        return b""
