"""Counts what a service asks its database: a statement that is executed for each of many rows counts as many times."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from shared.db.tx import Database


@contextmanager
def counted(db: Database) -> Iterator[Counter[str]]:
    """The statements that are executed meanwhile, by their text; on connections taken from the pool meanwhile."""
    executed: Counter[str] = Counter()
    listened: list[Any] = []

    def by_driver(query: Any) -> None:
        executed[" ".join(query.query.split())] += 1

    def by_sqlalchemy(*call: Any) -> None:
        _connection, _cursor, statement, parameters, _context, is_many = call
        executed[" ".join(statement.split())] += len(parameters) if is_many else 1

    def listen(connection: Any, *_more: Any) -> None:
        connection.driver_connection.add_query_logger(by_driver)
        listened.append(connection.driver_connection)

    engine = db.engine.sync_engine
    event.listen(engine, "checkout", listen)
    event.listen(engine, "before_cursor_execute", by_sqlalchemy)
    try:
        yield executed
    finally:
        event.remove(engine, "checkout", listen)
        event.remove(engine, "before_cursor_execute", by_sqlalchemy)
        for connection in listened:
            connection.remove_query_logger(by_driver)
