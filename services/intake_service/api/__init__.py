"""The REST interface of intake; ROUTERS is all of it."""

from services.intake_service.api import (
    contacting,
    counting,
    deciding,
    handling,
    keys,
    reading,
    receiving,
    reference,
    tracking,
    working,
)

ROUTERS = (
    receiving.router,
    reading.router,
    handling.router,
    working.router,
    contacting.router,
    deciding.router,
    counting.router,
    tracking.router,
    reference.router,
    keys.router,
)
