"""What must hold after any death, read from the tables as they are; takes nothing from the product but the names."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from services.catalogue import SERVICES

SCHEMAS = tuple(service.name for service in SERVICES)
# Who handles events of which topic, as process and architecture say.
READERS = {
    "pwa.intake.v1": ("sla", "escalation", "survey", "reporting"),
    "pwa.sla.v1": ("intake", "escalation", "reporting"),
    "pwa.survey.v1": ("intake", "reporting"),
}


@dataclass
class Findings:
    """What was found wrong; empty when all is well."""

    wrong: list[str] = field(default_factory=list)

    def expect(self, claim: bool, text: str) -> None:
        if not claim:
            self.wrong.append(text)


def _gapless(numbers: Iterable[int]) -> bool:
    ordered = sorted(numbers)
    return ordered == list(range(1, len(ordered) + 1))


async def is_quiet(connection: asyncpg.Connection) -> bool:
    """Every outbox is empty."""
    for schema in SCHEMAS:
        if await connection.fetchval(f"SELECT count(*) FROM {schema}.outbox"):
            return False
    return True


async def check(connection: asyncpg.Connection, acknowledged: dict[str, str]) -> Findings:
    """`acknowledged`: idempotency key -> case id, for every POST that was answered."""
    findings = Findings()
    await _cases(connection, acknowledged, findings)
    told = await _streams(connection, findings)
    await _inboxes(connection, told, findings)
    await _clocks(connection, acknowledged, findings)
    for schema in SCHEMAS:
        parked = await connection.fetch(f"SELECT reason, type, error FROM {schema}.parked WHERE state = 'parked'")
        findings.expect(not parked, f"{schema} has set aside {[tuple(row) for row in parked][:3]}")
    return findings


async def _cases(connection: asyncpg.Connection, acknowledged: dict[str, str], findings: Findings) -> None:
    rows = await connection.fetch("SELECT id::text, number, receiving_office FROM intake.cases")
    ids = {row["id"] for row in rows}
    findings.expect(set(acknowledged.values()) == ids, "cases are not exactly those that were acknowledged")
    findings.expect(len(set(acknowledged.values())) == len(acknowledged), "two keys share a case")
    series: dict[str, list[int]] = {}
    for row in rows:
        series.setdefault(row["number"].rsplit("-", 1)[0], []).append(int(row["number"].rsplit("-", 1)[1]))
    for name, numbers in series.items():
        findings.expect(_gapless(numbers), f"series {name} has gaps or doubles: {sorted(numbers)[:10]}…")


async def _streams(connection: asyncpg.Connection, findings: Findings) -> dict[str, set[Any]]:
    """Each publisher's history is gap-free per key; the event ids by topic."""
    told: dict[str, set[Any]] = {}
    for schema in SCHEMAS:
        rows = await connection.fetch(f"SELECT topic, key, seq, event_id FROM {schema}.outbox_sent")
        numbers: dict[tuple[str, str], set[int]] = {}
        owners: dict[tuple[str, str, int], Any] = {}
        for row in rows:
            place = (row["topic"], row["key"], row["seq"])
            findings.expect(owners.setdefault(place, row["event_id"]) == row["event_id"], f"{place} is two events")
            numbers.setdefault(place[:2], set()).add(row["seq"])
            told.setdefault(row["topic"], set()).add(row["event_id"])
        for stream, found in numbers.items():
            findings.expect(_gapless(found), f"{stream} has gaps: {sorted(found)}")
    return told


async def _inboxes(connection: asyncpg.Connection, told: dict[str, set[Any]], findings: Findings) -> None:
    for topic, readers in READERS.items():
        for reader in readers:
            rows = await connection.fetch(f"SELECT event_id FROM {reader}.inbox WHERE topic = $1", topic)
            counted = Counter(row["event_id"] for row in rows)
            findings.expect(
                set(counted) == told.get(topic, set()),
                f"{reader} took {len(counted)} of {len(told.get(topic, set()))} events of {topic}",
            )


async def _clocks(connection: asyncpg.Connection, acknowledged: dict[str, str], findings: Findings) -> None:
    rows = await connection.fetch("SELECT case_id::text FROM sla.clock WHERE metric = 'resolve'")
    counted = Counter(row["case_id"] for row in rows)
    findings.expect(set(counted) == set(acknowledged.values()), "not every case has its clock")
    findings.expect(max(counted.values(), default=1) == 1, "a case has two clocks")
    armed = await connection.fetch("SELECT key FROM sla.outbox_sent WHERE type = 'pwa.sla.clock-armed.v1'")
    doubled = [key for key, count in Counter(row["key"] for row in armed).items() if count > 1]
    findings.expect(not doubled, f"{len(doubled)} clocks were armed twice")


async def check_timers(connection: asyncpg.Connection, cases: Iterable[str]) -> Findings:
    """Every one of these cases was breached once and called upon its first officer once, in rows and in events."""
    findings = Findings()
    due = Counter(cases)
    told = await _streams(connection, findings)
    for name, rows in {
        "breaches": "SELECT case_id::text AS key FROM sla.breach WHERE voided_at IS NULL",
        "rungs": "SELECT case_id::text AS key FROM escalation.rung WHERE state = 'fired'",
        "breach events": "SELECT key FROM sla.outbox_sent WHERE type = 'pwa.sla.breached.v1'",
        "rung events": "SELECT key FROM escalation.outbox_sent WHERE type = 'pwa.escalation.rung-fired.v1'",
    }.items():
        found = Counter(row["key"] for row in await connection.fetch(rows))
        missing, doubled = due - found, found - due
        findings.expect(not missing, f"{missing.total()} {name} are missing")
        findings.expect(not doubled, f"{doubled.total()} {name} too many")
    taken = await connection.fetch("SELECT event_id FROM escalation.inbox WHERE topic = 'pwa.sla.v1'")
    findings.expect(
        {row["event_id"] for row in taken} == told.get("pwa.sla.v1", set()), "escalation missed news of sla"
    )
    early = await connection.fetchval(
        """SELECT (SELECT count(*) FROM sla.breach WHERE declared_at < due_at)
        + (SELECT count(*) FROM escalation.rung WHERE fired_at < scheduled_at)"""
    )
    findings.expect(early == 0, f"{early} were fired early")
    for schema in ("sla", "escalation"):
        parked = await connection.fetchval(f"SELECT count(*) FROM {schema}.parked WHERE state = 'parked'")
        findings.expect(parked == 0, f"{schema} has set {parked} events aside")
    return findings
