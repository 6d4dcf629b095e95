"""The log: one JSON object a line, each with the request's trace_id, and no secret in any of them."""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import TextIO

from calendar_sync.web.trace_id import current_trace_id

_QUIET = ("httpx", "httpcore", "sqlalchemy", "aiosqlite", "asyncio", "alembic", "multipart")
_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "color_message", "taskName"}
_LONGEST_TEXT = 1500
_LONGEST_TRACEBACK = 8000

_SECRETS: tuple[tuple[re.Pattern[str], str], ...] = (
    # Of an address only the host: feeds carry their secret in the path, callbacks in the query.
    (
        re.compile(r"\b([a-z][a-z0-9+.-]{0,20}://)(?:[^\s/@\"'<>]*@)?([^\s/?#\"'<>\\]+)[^\s\"'<>\\]*", re.IGNORECASE),
        r"\1\2/…",
    ),
    (re.compile(r"\bcs_[a-z2-7]{12}_[A-Za-z0-9_-]+"), "cs_…"),
    (re.compile(r"\bcsf_[A-Za-z0-9_-]+"), "csf_…"),
    (re.compile(r"\beyJ[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)+"), "eyJ…"),
    (re.compile(r"\b(bearer|basic|digest)\s+[^\s\"',;]+", re.IGNORECASE), r"\1 …"),
    (
        re.compile(
            r"""(["']?[\w-]{0,30}(?:authorization|cookie|token|secret|password|passwd|api[_-]?key|code|state)["']?\s*[=:]\s*)"""
            r"""(?:"[^"]*"|'[^']*'|(?!bearer\b|basic\b|digest\b)[^\s,;&"']+)""",
            re.IGNORECASE,
        ),
        r"\1…",
    ),
    (re.compile(r"[A-Za-z0-9._%+-]{1,64}@([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)"), r"…@\1"),
)


def redact(text: str) -> str:
    """`text` without the parts that could be somebody's secret: keys, tokens, passwords, what follows the host of an
    address, and who an e-mail address is of."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


class JsonLines(logging.Formatter):
    """What is given as `extra` becomes a field of the line; a field without a value is left out."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC)
            .isoformat(timespec="milliseconds")
            .replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "trace_id": current_trace_id(),
            "message": _text(record.getMessage()),
        }
        for name, value in record.__dict__.items():
            if name not in _STANDARD and name not in line and value is not None:
                line[name] = value if isinstance(value, bool | int | float) else _text(str(value))
        if record.exc_info:
            line["exception"] = redact(self.formatException(record.exc_info))[-_LONGEST_TRACEBACK:]
        return json.dumps(line, ensure_ascii=False)


def _text(text: str) -> str:
    return redact(text[: 4 * _LONGEST_TEXT])[:_LONGEST_TEXT]


def configure_logging(level: str, stream: TextIO | None = None) -> None:
    """Sends everything to `stream` (standard error) through `JsonLines`, whoever logs it.

    Libraries that log addresses or statements speak from WARNING on. Uvicorn's access log is off, ours replaces it:
    start it with `log_config=None`.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    # It tries again by itself, and logs a traceback each time; the worker says in one line that the store is away.
    logging.getLogger("pgqueuer").setLevel(logging.CRITICAL)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        library = logging.getLogger(name)
        library.handlers[:] = []
        library.setLevel(logging.NOTSET)
        library.propagate = name != "uvicorn.access"
    of_sockets = logging.getLogger("uvicorn.error")
    of_sockets.setLevel(max(root.level, logging.INFO))  # below, it logs all that is said over them
    of_sockets.addFilter(_tells_no_address)


def _tells_no_address(record: logging.LogRecord) -> bool:
    """Of a WebSocket Uvicorn logs the address with its query; ours says of each how it came and went."""
    return '"WebSocket %s"' not in str(record.msg)
