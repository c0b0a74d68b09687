"""Which pack counts which entry: kept by the fold, claimed once by the packs of a day."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import bindparam, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Date

from services.reporting_service.domain.entries import Entry
from services.reporting_service.store.tables import pack_entry
from shared.db import Tx
from shared.db.tx import as_json

# An entry that no pack has counted yet follows what is known of it; a counted one stays as it was counted.
_KEEP = """
    INSERT INTO reporting.pack_entry AS e (case_id, what, cycle, part, happened_at)
    SELECT n.case_id, n.what, n.cycle, n.part, n.happened_at
    FROM jsonb_to_recordset($1::jsonb)
        AS n (case_id uuid, what text, cycle integer, part smallint, happened_at timestamptz)
    ON CONFLICT (case_id, what, cycle, part) DO UPDATE SET happened_at = EXCLUDED.happened_at
    WHERE e.pack_day IS NULL AND e.happened_at <> EXCLUDED.happened_at"""
# Region as of this statement: a case that moves while the packs are made is counted in one of them all the same.
_CLAIM = text("""
    UPDATE reporting.pack_entry e SET pack_day = :day, region = c.region
    FROM reporting.case_record c
    WHERE c.case_id = e.case_id AND e.pack_day IS NULL AND e.happened_at < :until
        AND CAST(e.happened_at AT TIME ZONE 'Asia/Bangkok' AS date) <> ALL (:kept)
    """).bindparams(bindparam("kept", type_=ARRAY(Date)))


async def keep(tx: Tx, new: Iterable[tuple[UUID, Entry]]) -> None:
    """Entries of cases as they are known now; the caller holds the locks of the case records."""
    rows = [{"case_id": case_id, **asdict(entry)} for case_id, entry in sorted(new)]
    await tx.fetch(_KEEP, as_json(rows))


async def claim(tx: Tx, day: date, until: datetime, kept: Sequence[date]) -> int:
    """Give the packs of a day everything uncounted that happened before its end, but for the days whose turn comes."""
    claimed = await tx.execute(_CLAIM, {"day": day, "until": until, "kept": list(kept)})
    return claimed.rowcount


async def of_pack(tx: Tx, day: date, region: int | None, case_ids: Sequence[UUID]) -> dict[UUID, list[Entry]]:
    """What the pack of a region and day counts of these cases."""
    rows = pack_entry.c
    here = rows.region.is_(None) if region is None else rows.region == region
    query = select(rows.case_id, rows.what, rows.cycle, rows.part, rows.happened_at)
    found: defaultdict[UUID, list[Entry]] = defaultdict(list)
    for row in await tx.all(query.where(rows.pack_day == day, here, rows.case_id.in_(case_ids))):
        found[row.case_id].append(Entry(row.what, row.cycle, row.part, row.happened_at))
    return dict(found)
