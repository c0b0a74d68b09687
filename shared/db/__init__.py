"""PostgreSQL: units of work, the tables every service has, migrations, the embedded server."""

from sqlalchemy import Row

from shared.db.tx import Database, Tx

__all__ = ["Database", "Row", "Tx"]
