"""Structured logs on standard error: one JSON object a line, free of personal data."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from shared.observability.privacy import HIDDEN, PERSONAL_FIELDS, describe_error, mask, mask_text

Line = MutableMapping[str, Any]
_OURS = frozenset({"event", "timestamp", "level", "logger", "traceparent"})


def configure_logs(level: str = "info") -> None:
    """Send structlog and the standard library's loggers through the same processors, once per process."""
    number = logging.getLevelNamesMapping()[level.upper()]
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.ExtraAdder(),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                errors_without_text,
                without_personal_data,
                structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(number)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    logging.getLogger("uvicorn.access").setLevel(logging.CRITICAL)  # paths and queries may hold personal data
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it writes whole addresses of gateways


def errors_without_text(_logger: object, _method: str, line: Line) -> Line:
    """Replace an exception by its type and place."""
    info = line.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    error = info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        line.update(describe_error(error))
    return line


def without_personal_data(_logger: object, _method: str, line: Line) -> Line:
    """Hide personal fields and whatever looks like a phone number, an id or an address."""
    for field, value in line.items():
        if field.lower() in PERSONAL_FIELDS:
            line[field] = HIDDEN
        elif field == "event":
            line[field] = mask_text(str(value))
        elif field not in _OURS:
            line[field] = mask(value)
    return line
