"""What the database refuses, told to the caller: away or busy is 503, a clash 409, a value it does not take 422."""

import structlog
from fastapi import Request
from starlette.responses import Response

from shared.db.failures import is_infrastructure, is_stale, is_unencodable, sqlstate
from shared.observability.privacy import describe_error
from shared.web.again import STALE
from shared.web.problems import problem, trace_of, unexpected

log = structlog.get_logger(__name__)
_CLASHES = frozenset({"23505", "23P01", "23503", "23001"})
_REFUSED_VALUES = ("22", "23", "54")


async def on_database_error(request: Request, error: Exception) -> Response:
    """SQLAlchemyError, asyncpg errors, OSError and TimeoutError."""
    trace = trace_of(request)
    state = sqlstate(error)
    if state in _CLASHES:
        return problem(409, "already_exists", "This clashes with something that is already there.", trace=trace)
    if is_unencodable(error) or (state is not None and state.startswith(_REFUSED_VALUES)):
        log.info("the database refused a value", **describe_error(error))
        return problem(422, "value_refused", "A value is not one that can be stored.", trace=trace)
    if is_stale(error):
        request.scope[STALE] = True
    if is_infrastructure(error):
        log.warning("the database cannot be reached", **describe_error(error))
        detail = "The database cannot be reached or is busy. Try again shortly."
        return problem(503, "database_unavailable", detail, headers={"Retry-After": "2"}, trace=trace)
    log.error("unexpected database error", **describe_error(error))
    return unexpected(trace)
