"""The identifier of the request being served, wherever it is needed: answers, errors and the log."""

from contextvars import ContextVar, Token
from uuid import uuid4

_current: ContextVar[str] = ContextVar("trace_id", default="-")


def current_trace_id() -> str:
    """A UUID; `-` outside of a request."""
    return _current.get()


def begin() -> Token[str]:
    return _current.set(str(uuid4()))


def end(token: Token[str]) -> None:
    _current.reset(token)
