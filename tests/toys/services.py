"""A toy publisher (in schema intake) and toy subscribers (sla, survey) that write down what they see."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic_settings import BaseSettings
from sqlalchemy import text

from shared.contracts.base import Event
from shared.contracts.intake import CaseAccepted, CaseCancelled, ContactCard, ContactErased
from shared.db.tables import metadata
from shared.db.tx import Tx, as_json
from shared.messaging.fold import Change, Fold, Meta
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


@dataclass(frozen=True)
class Seen:
    """What a toy has seen of one key in a batch."""

    refuses: bool
    rows: tuple[Mapping[str, object], ...] = ()


async def load(tx: Tx, keys: Collection[str]) -> Mapping[str, Seen]:
    refuses = bool(await tx.scalar(text("SELECT count(*) FROM switch WHERE name = 'refuse'")))
    return dict.fromkeys(keys, Seen(refuses))


def note(seen: Seen, event: Any, meta: Meta) -> Seen:
    """Writes down one event; `bounced_by` style poison: a cancel reason of 'poison' fails while the switch is on."""
    reason = getattr(event, "reason", "") or getattr(event, "phone", "") or ""
    if reason == "poison" and seen.refuses:
        raise ValueError("this event is refused")
    seq = 2**40 if reason == "overflow" else meta.seq
    row = {"key": event.key, "seq": seq, "type": type(event).__name__, "note": reason}
    return replace(seen, rows=(*seen.rows, row))


async def save(tx: Tx, changes: Sequence[Change[Seen]]) -> None:
    rows = as_json([row for change in changes for row in change.after.rows])
    statement = """INSERT INTO {s}.seen (key, seq, type, note)
        SELECT key, seq, type, note FROM jsonb_to_recordset($1::jsonb) AS r(key text, seq int, type text, note text)"""
    await tx.fetch(statement, rows)


def toy(name: str, *kinds: type[Event], **more: Any) -> Service:
    fold = Fold(dict.fromkeys(kinds, note), lambda event: event.key, load, save)
    return Service(
        name=name, title=name, tables=metadata(name), migrations=MIGRATIONS, settings=ToySettings, routers=(),
        folds=(fold,), **more,
    )  # fmt: skip


PUBLISHER = toy("intake", cards=read_cards)
SUBSCRIBER = toy("sla", CaseAccepted, CaseCancelled, watermarks=TOPICS)
OTHER = toy("survey", CaseAccepted, ContactCard, ContactErased)
TOYS = (PUBLISHER, SUBSCRIBER, OTHER)
