"""The cases of a batch of events with their cards: locked together, written together."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from services.survey_service.domain.card import Card
from services.survey_service.domain.case import CaseFile, CaseState, Extension, Resolution
from services.survey_service.domain.known import KnownCase
from services.survey_service.store.tables import case_file, contact_card, extension, resolution
from shared.db import Tx
from shared.db.bulk import adding, changing, own_columns, putting
from shared.db.tx import as_json

_ADD_MISSING = """
    INSERT INTO survey.case_file (case_id) SELECT w.id FROM unnest($1::uuid[]) AS w(id)
    WHERE NOT EXISTS (SELECT FROM survey.case_file f WHERE f.case_id = w.id) ORDER BY w.id
    ON CONFLICT DO NOTHING"""
_LOCK = "SELECT * FROM survey.case_file WHERE case_id = ANY($1::uuid[]) ORDER BY case_id FOR UPDATE"
_CARDS = "SELECT * FROM survey.contact_card WHERE case_id = ANY($1::uuid[])"
_WITH_TASKS = """
    SELECT id FROM unnest($1::uuid[]) AS w(id)
    WHERE EXISTS (SELECT FROM survey.resolution r WHERE r.case_id = w.id)
        OR EXISTS (SELECT FROM survey.extension e WHERE e.case_id = w.id)
        OR EXISTS (SELECT FROM survey.notice n WHERE n.case_id = w.id)
        OR EXISTS (SELECT FROM survey.call_task c WHERE c.case_id = w.id)
    ORDER BY id"""
_FILE = tuple(name for name in own_columns(case_file) if name != "case_id")
_CARD = own_columns(contact_card)
_SAVE_FILES, _SAVE_CARDS = changing(case_file), putting(contact_card)
_ADD_RESOLUTIONS = adding(resolution, tuple(Resolution.__dataclass_fields__))
_ADD_EXTENSIONS = adding(extension, tuple(Extension.__dataclass_fields__))


async def lock_all(tx: Tx, case_ids: Collection[UUID]) -> Mapping[UUID, KnownCase]:
    """These cases, locked in one order; one that is heard of for the first time is empty."""
    wanted = sorted(case_ids)
    await tx.fetch(_ADD_MISSING, wanted)
    rows = await tx.fetch(_LOCK, wanted)
    await tx.read_clock()
    cards = {row["case_id"]: Card(**{name: row[name] for name in _CARD}) for row in await tx.fetch(_CARDS, wanted)}
    return {row["case_id"]: KnownCase(_file(row), cards.get(row["case_id"])) for row in rows}


def _file(row: Any) -> CaseFile:
    return CaseFile(id=row["case_id"], **{name: row[name] for name in _FILE} | {"state": CaseState(row["state"])})


async def save_files(tx: Tx, files: Sequence[CaseFile]) -> None:
    if files:
        rows = [{"case_id": file.id, **{name: getattr(file, name) for name in _FILE}} for file in files]
        await tx.fetch(_SAVE_FILES, as_json(rows))


async def save_cards(tx: Tx, cards: Sequence[Card]) -> None:
    if cards:
        await tx.fetch(_SAVE_CARDS, as_json(cards))


async def add_resolutions(tx: Tx, reported: Sequence[Resolution]) -> None:
    """Keep the first report of each cycle."""
    if reported:
        await tx.fetch(_ADD_RESOLUTIONS, as_json(reported))


async def add_extensions(tx: Tx, granted: Sequence[Extension]) -> None:
    """Keep each once."""
    if granted:
        await tx.fetch(_ADD_EXTENSIONS, as_json(granted))


async def with_tasks(tx: Tx, case_ids: Sequence[UUID]) -> Sequence[UUID]:
    """Those of which anybody was or is to be told or asked anything."""
    return [row["id"] for row in await tx.fetch(_WITH_TASKS, list(case_ids))] if case_ids else []
