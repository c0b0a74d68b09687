"""Tells 'the database is away or busy' (try again) from 'this work is wrong' (never try again)."""

import asyncpg
from asyncpg.exceptions._base import DataError  # what asyncpg raises itself; asyncpg.DataError is the server's
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

DATABASE_ERRORS = (SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError)
# SQLSTATE classes and codes: connection, resources, operator intervention, lock and statement timeouts, rollbacks.
_CLASSES = ("08", "53", "57", "58")
_CODES = frozenset({"40001", "40P01", "55P03", "25006"})


def sqlstate(error: BaseException) -> str | None:
    """The five-character SQLSTATE of a database error, if it has one."""
    cause: BaseException | None = error.orig if isinstance(error, DBAPIError) else error
    while cause is not None:
        code = getattr(cause, "sqlstate", None)
        if isinstance(code, str):
            return code
        cause = cause.__cause__
    return None


def is_unencodable(error: BaseException) -> bool:
    """Whether a value does not fit its column's type: the driver says so before the server sees it."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, DataError):
            return True
        cause = cause.__cause__
    return False


def is_infrastructure(error: BaseException) -> bool:
    """Whether the same work may succeed later without anybody changing it."""
    if is_unencodable(error):
        return False
    if isinstance(error, PoolTimeout | OSError | TimeoutError | ConnectionError):
        return True
    code = sqlstate(error)
    if code is not None:
        return code in _CODES or code.startswith(_CLASSES)
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    return isinstance(
        error, InterfaceError | OperationalError | asyncpg.InterfaceError | asyncpg.PostgresConnectionError
    )
