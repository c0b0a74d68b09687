"""OIS reads the feed, acknowledges, and can prove that nothing is missing (process step 6)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from services.reporting_service.domain import ois
from services.reporting_service.store import ois as records
from shared.contracts.reporting import OisAcknowledged
from shared.db import Tx
from shared.kernel.fiscal import midnight

STATUSES = ("missing", "rejected", "different")


@dataclass(frozen=True)
class Word:
    """What OIS says of one version; `sha256` is the hash of what it has stored, where it tells."""

    case_id: UUID
    version: int
    accepted: bool
    reason: str | None = None
    sha256: str | None = None


async def number_feed(tx: Tx, most: int) -> int:
    """Give new versions their places in the feed."""
    return await records.number_outgoing(tx, most)


async def acknowledge(tx: Tx, words: Sequence[Word]) -> list[str]:
    """Record each word once: recorded, unchanged, or unknown where we never told such a version."""
    latest = await records.lock_latest(tx, sorted({word.case_id for word in words}))
    keys = [(word.case_id, word.version) for word in words]
    told = await records.find_versions(tx, keys)
    heard = {key: (row.accepted, row.matches, row.reason) for key, row in (await _heard(tx, keys)).items()}
    results = []
    for word, key in zip(words, keys, strict=True):
        record = told.get(key)
        if record is None:
            results.append("unknown")
            continue
        matches = None if word.sha256 is None else word.sha256 == record.sha256
        if heard.get(key) == (word.accepted, matches, word.reason):
            results.append("unchanged")
            continue
        heard[key] = (word.accepted, matches, word.reason)
        await _record(tx, word, matches, record.content)
        if latest[word.case_id].version == word.version:
            await records.set_status(tx, word.case_id, _status(word.accepted, matches), word.reason)
        results.append("recorded")
    return results


async def _heard(tx: Tx, keys: Sequence[tuple[UUID, int]]) -> dict[tuple[UUID, int], Any]:
    return await records.last_acknowledgements(tx, keys)


def _status(accepted: bool, matches: bool | None) -> str:
    if not accepted:
        return "rejected"
    return "different" if matches is False else "accepted"


async def _record(tx: Tx, word: Word, matches: bool | None, content: dict[str, Any]) -> None:
    row = {"case_id": word.case_id, "version": word.version, "accepted": word.accepted, "matches": matches}
    row |= {"reason": word.reason, "acknowledged_at": tx.now, "acknowledged_by": tx.actor.id}
    await records.add_acknowledgement(tx, row)
    about = {name: content[name] for name in ("case_id", "office", "region", "kind", "restricted", "cycle")}
    said = {"version": word.version, "accepted": word.accepted, "reason": word.reason, "acknowledged_at": tx.now}
    await tx.publish(OisAcknowledged.model_validate({**about, **said}))


async def read_feed(tx: Tx, after: int, most: int) -> tuple[list[Any], int]:
    """Entries after a place, and the last place given so far."""
    return list(await records.feed(tx, after, most)), await records.head_position(tx)


async def status(tx: Tx, grace: timedelta, most: int) -> dict[str, Any]:
    """How far OIS has followed, with the first of what is missing, rejected or different."""
    counts = await records.count_by_status(tx)
    lists = {name: await unsettled(tx, name, grace, None, most) for name in STATUSES}
    return {"position": await records.head_position(tx), "counts": counts, "lists": lists}


async def unsettled(tx: Tx, name: str, grace: timedelta, after: UUID | None, most: int) -> list[Any]:
    """Latest versions that OIS rejected, stored differently, or did not acknowledge within the grace."""
    before = tx.now - grace if name == "missing" else tx.now + timedelta(microseconds=1)
    return list(await records.listed(tx, name, before, after, most))


async def manifest(tx: Tx, day: date) -> dict[str, Any]:
    """The day's counts and hash; complete once the day is over and no place of it can still be given."""
    await records.share_head(tx)
    since, until = midnight(day), midnight(day + timedelta(days=1))
    entries = [entry async for entry in records.entries_between(tx, since, until)]
    return ois.manifest(day, entries, complete=tx.now >= until)


async def replay(tx: Tx, name: str | None, case_ids: Sequence[UUID], most: int) -> int:
    """Feed the latest versions again, at new places."""
    count = await records.replay(tx, name, case_ids, most)
    await tx.audit("ois.replayed", name or "cases", records=count)
    return count
