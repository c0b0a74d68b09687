"""Building the daily packs: once per region and day, frozen, for recipients that are data (process step 8)."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from services.reporting_service.domain import pack as document
from services.reporting_service.domain.canonical import digest
from services.reporting_service.domain.codec import plain
from services.reporting_service.domain.entries import RESOLVED
from services.reporting_service.domain.pack import RegionDay
from services.reporting_service.domain.summary import DaySummary, case_line
from services.reporting_service.store import cases, entries, facts, packs
from shared.contracts.base import ESCALATION, INTAKE, SLA, SURVEY
from shared.db import Tx
from shared.kernel.access import Scope
from shared.kernel.clock import BANGKOK
from shared.kernel.errors import Conflict, Invalid, NotFound
from shared.kernel.fiscal import bangkok_date, midnight
from shared.kernel.ids import uuid7
from shared.messaging.inbox import began_at, watermark
from shared.reference import REGIONS

SOURCES = (INTAKE, SLA, ESCALATION, SURVEY)
LOOK_BACK = 31
RESENDABLE = frozenset({"unknown", "refused", "given_up"})


class DayNotOver(Invalid):
    """A pack tells of a whole day."""

    code = "day_not_over"


class FactsNotHere(Conflict):
    """A pack made now would lack what is still on its way, and stay so."""

    code = "facts_not_here"


class DayPassed(Conflict):
    """Every entry is counted once: a day passed over when later packs were made has nothing left to tell."""

    code = "day_passed"


async def facts_reach(tx: Tx, day: date) -> bool:
    """Whether everything recorded on a day, by every publisher, has arrived and been folded."""
    until = midnight(day + timedelta(days=1))
    waiting = await facts.oldest_waiting(tx)
    if waiting is not None and waiting < until:
        return False
    marks = [await watermark(tx, topic) for topic in SOURCES]
    return all(mark is not None and mark >= until for mark in marks)


async def _days_waiting(tx: Tx, newest: date) -> list[date]:
    """Days of ours up to the newest whose packs are still to be made, earliest first."""
    first = max(bangkok_date(await began_at(tx, INTAKE)), newest - timedelta(days=LOOK_BACK))
    built = await packs.days_built(tx, first)
    days = (first + timedelta(days=n) for n in range((newest - first).days + 1))
    return [day for day in days if day not in built]


async def day_due(tx: Tx, hour: int, grace: timedelta) -> date | None:
    """The earliest day of ours without packs whose hour has come and whose facts are here (or are overdue)."""
    local = tx.now.astimezone(BANGKOK)
    waiting = await _days_waiting(tx, local.date() - timedelta(days=1 if local.hour >= hour else 2))
    day = next(iter(waiting), None)
    if day is None:
        return None
    return day if await _waited_enough(tx, day, timedelta(hours=hour) + grace) else None


async def _waited_enough(tx: Tx, day: date, patience: timedelta) -> bool:
    return tx.now >= midnight(day + timedelta(days=1)) + patience or await facts_reach(tx, day)


async def check_ready(tx: Tx, day: date, hour: int, grace: timedelta) -> None:
    """Whoever asks for the packs of a day waits for its facts as the automatic job does."""
    check_over(tx, day)
    if await _is_made(tx, day):
        return
    if not await _waited_enough(tx, day, timedelta(hours=hour) + grace):
        raise FactsNotHere("Facts of this day are still on their way; ask again later.")


async def _is_made(tx: Tx, day: date) -> bool:
    """Whether a day has its packs; one that was passed over never gets any."""
    built = await packs.days_built(tx, day)
    if day not in built and built and day not in await _days_waiting(tx, day):
        raise DayPassed("What happened on this day is counted in a pack made since, as late entries.")
    return day in built


async def build_day(tx: Tx, day: date) -> list[UUID]:
    """The packs of a day, one per region; whoever asks again gets the same ones."""
    check_over(tx, day)
    complete = await facts_reach(tx, day)
    if not await _is_made(tx, day) and await packs.claim_day(tx, day, facts_complete=complete):
        await entries.claim(tx, day, midnight(day + timedelta(days=1)), await _days_waiting(tx, day))
        gathered = [await _gather(tx, region, day) for region in (*REGIONS, None)]
        page = document.last_page(gathered)
        for region, each in zip(REGIONS, gathered, strict=False):
            content = document.content(each, day, tx.now, page, facts_complete=complete)
            await _freeze(tx, region, day, content, each.restricted_cases)
    return await packs.ids_of_day(tx, day)


async def _gather(tx: Tx, region: int | None, day: date) -> RegionDay:
    since, until = midnight(day), midnight(day + timedelta(days=1))
    summary = DaySummary(since, until)
    lines: dict[bool, list[dict[str, Any]]] = {False: [], True: []}
    async for page in cases.of_day(tx, region, day):
        counted = await entries.of_pack(tx, day, region, [UUID(case.case_id) for case in page])
        for case in page:
            ours = counted.get(UUID(case.case_id), [])
            summary.count(case, ours)
            if case.region == region:
                summary.stand(case)
            standing = case.region == region and case.is_open_at(until)
            if standing or any(each.what == RESOLVED for each in ours):
                lines[case.restricted].append(case_line(case, until))
    for each in lines.values():
        each.sort(key=lambda line: str(line["number"]))
    return RegionDay(region, summary.figures(), plain(lines[False]), plain(lines[True]))


async def _freeze(tx: Tx, region: int, day: date, content: dict[str, Any], unlisted: Sequence[Any]) -> None:
    pack_id = uuid7(tx.now)
    row = {"id": pack_id, "region": region, "day": day, "content": content, "sha256": digest(content)}
    await packs.add(tx, {**row, "restricted_cases": list(unlisted), "built_at": tx.now})
    await tx.audit("pack.built", str(pack_id), region=region, day=day.isoformat())
    for recipient in await packs.recipients(tx, region):
        await packs.add_delivery(tx, uuid7(tx.now), pack_id, recipient.id)


async def set_recipients(tx: Tx, region: int, wanted: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Who receives the packs of a region from the next one on."""
    for each in wanted:
        if each["channel"] == "webhook" and not each["secret"]:
            raise Invalid("A webhook needs the secret that its messages are signed with.", code="secret_required")
    await packs.set_recipients(tx, region, [{"id": uuid7(tx.now), **each} for each in wanted])
    await tx.audit("pack.recipients_set", f"R{region:02d}", count=len(wanted))
    return list(await packs.recipients(tx, region))


async def seed_recipients(tx: Tx, mailbox: str) -> None:
    """A first mailbox for regions that never had a recipient."""
    for region in await packs.regions_never_served(tx) if mailbox else ():
        first = {"id": uuid7(tx.now), "channel": "email", "address": mailbox.format(region=region), "secret": None}
        await packs.set_recipients(tx, region, [first])


async def send_again(tx: Tx, delivery_id: UUID) -> None:
    """A person decides that a delivery of unknown or failed outcome goes out once more."""
    delivery = await packs.lock_delivery(tx, delivery_id)
    if delivery is None:
        raise NotFound("There is no such delivery.")
    if delivery.state not in RESENDABLE:
        raise Conflict("This delivery is under way or has arrived.", code="delivery_not_failed", state=delivery.state)
    await packs.set_delivery(tx, delivery_id, "pending", tx.now)
    await tx.audit("pack.sent_again", str(delivery_id), state=delivery.state)


def check_over(tx: Tx, day: date) -> None:
    if midnight(day + timedelta(days=1)) > tx.now:
        raise DayNotOver("The packs of a day are made when it is over.")


async def see(tx: Tx, pack_id: UUID, scope: Scope) -> Any:
    """A frozen pack; those of other regions are as unknown as those that were never made."""
    row = await packs.find(tx, pack_id, scope)
    if row is None:
        raise NotFound("There is no such pack.")
    return row


def csv_of(row: Any) -> str:
    return document.as_csv(row.content)


async def listed(
    tx: Tx, scope: Scope, filters: Mapping[str, Any], after: tuple[date, int] | None, most: int
) -> list[Any]:
    """Packs that a reader may see, newest day first."""
    return list(await packs.listed(tx, scope, filters, after, most))


async def deliveries(tx: Tx, pack_id: UUID) -> list[Any]:
    return list(await packs.deliveries(tx, [pack_id]))


async def recipients(tx: Tx, region: int) -> list[Any]:
    return list(await packs.recipients(tx, region))
