"""PostgreSQL: units of work, the tables every service has, migrations, the embedded server."""

from shared.db.tx import Database, Tx

__all__ = ["Database", "Tx"]
