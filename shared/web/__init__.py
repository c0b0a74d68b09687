"""The HTTP edge: what routes need, in one place.

    router = APIRouter(prefix="/intake/v1", tags=["1 receive"])

    @router.post("/cases/{case_id}/accept")
    async def accept(
        case_id: UUID, tx: Transaction, actor: Annotated[Actor, needs("cases:work")], version: IfMatch
    ) -> CaseView: ...

Dependencies are `async def`. Validators say why with `raise refuse("code", "sentence")`: a ValueError's text is hidden.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shared.web.access import check_channel, needs
    from shared.web.concurrency import IfMatch, etag
    from shared.web.idempotency import Idempotency, Idempotent
    from shared.web.paging import CursorQuery, Page, Paging, decode_cursor, encode_cursor
    from shared.web.problems import Rejection, unavailable
    from shared.web.rate_limit import RateLimit
    from shared.web.transaction import Transaction
    from shared.web.validation import refuse

__all__ = [
    "CursorQuery", "Idempotency", "Idempotent", "IfMatch", "Page", "Paging", "RateLimit", "Rejection",
    "Transaction", "check_channel", "decode_cursor", "encode_cursor", "etag", "needs", "refuse", "unavailable",
]  # fmt: skip
# Loaded when they are first asked for: who only signs a token does not wait for the whole edge.
_HOMES = {
    "access": (
        "check_channel",
        "needs",
    ),
    "concurrency": (
        "IfMatch",
        "etag",
    ),
    "idempotency": (
        "Idempotency",
        "Idempotent",
    ),
    "paging": (
        "CursorQuery",
        "Page",
        "Paging",
        "decode_cursor",
        "encode_cursor",
    ),
    "problems": (
        "Rejection",
        "unavailable",
    ),
    "rate_limit": ("RateLimit",),
    "transaction": ("Transaction",),
    "validation": ("refuse",),
}


def __getattr__(name: str) -> object:
    home = next((home for home, names in _HOMES.items() if name in names), None)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)
