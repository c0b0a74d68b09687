"""A toy publisher (in schema intake) and toy subscribers (sla, survey) that write down what they see."""

from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic_settings import BaseSettings
from sqlalchemy import text

from shared.contracts.intake import CaseAccepted, CaseCancelled, ContactCard, ContactErased
from shared.db.tables import metadata
from shared.db.tx import Tx
from shared.messaging.consumer import Meta
from shared.runtime.service import Service

MIGRATIONS = Path(__file__).parent / "migrations"
TOPICS = frozenset({"pwa.intake.v1"})


class ToySettings(BaseSettings):
    """Nothing to set."""


async def read_cards(tx: Tx, case_ids: Any) -> dict[UUID, ContactCard | None]:
    rows = await tx.all(text("SELECT case_id, version, phone FROM card WHERE case_id = ANY(:ids)"), {"ids": case_ids})
    cards = {
        row.case_id: ContactCard(case_id=row.case_id, version=row.version, phone=row.phone) if row.phone else None
        for row in rows
    }
    return {case_id: cards.get(case_id) for case_id in case_ids}


async def note(tx: Tx, event: Any, meta: Meta) -> None:
    """Writes down one event; `bounced_by` style poison: a cancel reason of 'poison' fails while the switch is on."""
    reason = getattr(event, "reason", "") or getattr(event, "phone", "") or ""
    if reason == "poison" and await tx.scalar(text("SELECT count(*) FROM switch WHERE name = 'refuse'")):
        raise ValueError("this event is refused")
    seq = 2**40 if reason == "overflow" else meta.seq
    await tx.execute(
        text("INSERT INTO seen (key, seq, type, note) VALUES (:key, :seq, :type, :note)"),
        {"key": event.key, "seq": seq, "type": type(event).__name__, "note": reason},
    )


def toy(name: str, handlers: dict[Any, Any], **more: Any) -> Service:
    return Service(
        name=name, title=name, tables=metadata(name), migrations=MIGRATIONS, settings=ToySettings, routers=(),
        handlers=handlers, **more,
    )  # fmt: skip


PUBLISHER = toy("intake", {}, cards=read_cards)
SUBSCRIBER = toy("sla", {CaseAccepted: note, CaseCancelled: note}, watermarks=TOPICS)
OTHER = toy("survey", {CaseAccepted: note, ContactCard: note, ContactErased: note})
TOYS = (PUBLISHER, SUBSCRIBER, OTHER)
