"""Tells 'the database is away or busy' (try again) from 'this work is wrong' (never try again)."""

import asyncio
from collections.abc import Iterator

import asyncpg
from asyncpg.exceptions._base import DataError  # what asyncpg raises itself; asyncpg.DataError is the server's
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

DATABASE_ERRORS = (SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
# SQLSTATE classes and codes: connection, resources, operator intervention, lock and statement timeouts, rollbacks.
_CLASSES = ("08", "53", "57", "58")
_CODES = frozenset({"40001", "40P01", "55P03", "25006"})
# Of a session that is of no more use: ended, refused, read-only since a failover.
_LOST_CLASSES, _LOST_CODES = ("08",), frozenset({"25006", "57P01", "57P02", "57P03", "57P05", "25P03"})
_STALE = (asyncpg.InvalidCachedStatementError, asyncpg.OutdatedSchemaCacheError)
# What the driver raises when it does not know any more what its session is doing.
_BROKEN = (asyncpg.InterfaceError, asyncpg.InternalClientError)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error, and what the driver said below it."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.orig if isinstance(cause, DBAPIError) and cause.orig else cause.__cause__


def sqlstate(error: BaseException) -> str | None:
    """The five-character SQLSTATE of a database error, if it has one."""
    codes = (getattr(cause, "sqlstate", None) for cause in _causes(error))
    return next((code for code in codes if isinstance(code, str)), None)


def is_stale(error: BaseException) -> bool:
    """Whether a table was changed under a statement that this session had prepared: any other session will do."""
    return any(isinstance(cause, _STALE) for cause in _causes(error))


def is_session_lost(error: BaseException) -> bool:
    """Whether the session must be thrown away: it is gone, of no more use, or in a state that nobody knows."""
    if isinstance(error, asyncio.CancelledError) or is_stale(error):
        return True
    code = sqlstate(error)
    if code is not None:
        return code in _LOST_CODES or code.startswith(_LOST_CLASSES)
    return not is_unencodable(error) and any(isinstance(cause, _BROKEN) for cause in _causes(error))


def is_unencodable(error: BaseException) -> bool:
    """Whether a value does not fit its column's type: the driver says so before the server sees it."""
    return any(isinstance(cause, DataError) for cause in _causes(error))


def is_infrastructure(error: BaseException) -> bool:
    """Whether the same work may succeed later without anybody changing it."""
    if is_unencodable(error):
        return False
    if is_stale(error):
        return True
    if isinstance(error, PoolTimeout | OSError | TimeoutError | ConnectionError):
        return True
    code = sqlstate(error)
    if code is not None:
        return code in _CODES or code.startswith(_CLASSES)
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    return isinstance(error, (InterfaceError, OperationalError, asyncpg.PostgresConnectionError, *_BROKEN))
