"""Erasing a complainant empties every table, topic and log that ever held the phone, name or words."""

import logging
from typing import Any

import pytest

from services.catalogue import SERVICES
from shared.testing.kafka_scan import force_compaction, places_of
from shared.testing.system import System
from tests.journeys.closing import change, intake, registered, report_done

DIGITS = "812345678"  # however the number is written, it ends so
NAME = "สมหญิงผู้ขอลบ"
WORDS = "ถ้อยคำเฉพาะของผู้ร้องรายนี้"
SCHEMAS = tuple(service.name for service in SERVICES)


async def _tables_with(system: System, text: str) -> list[str]:
    """Every table of every schema in which some row, written out, contains the text."""
    tables = await system.sql(
        """SELECT format('%I.%I', n.nspname, c.relname) AS name FROM pg_class c JOIN pg_namespace n
            ON n.oid = c.relnamespace
        WHERE c.relkind = 'r' AND n.nspname = ANY($1::text[])""",
        list(SCHEMAS),
    )
    assert len(tables) > 60
    found = []
    for row in tables:
        plain = f"%{text}%"
        escaped = f"%{text.encode('unicode_escape').decode()}%".replace("\\", "\\\\")
        sql = f"SELECT EXISTS (SELECT 1 FROM {row['name']} t WHERE t::text LIKE $1 OR t::text LIKE $2)"
        if (await system.sql(sql, plain, escaped))[0][0]:
            found.append(row["name"])
    return found


@pytest.mark.transports
async def test_an_erased_complainant_is_found_in_no_table_topic_or_log(
    system: System, transport: str, request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    contact = {"name": NAME, "phone": f"0{DIGITS}", "email": "somebody@example.org", "consent": "privacy-notice-1"}
    case_id = await registered(system, contact, text=f"น้ำไม่ไหล {WORDS}", place="ซอยตัวอย่าง 9")
    await report_done(system, case_id)
    await system.gateway.sms.send_receipts(system.anonymous())
    await system.drain()
    before = await _tables_with(system, DIGITS)
    assert any(name.startswith("intake.") for name in before)
    assert any(name.startswith("survey.") for name in before)

    division = system.api("complaints_division")
    etag = (await division.get(f"/intake/v1/cases/{case_id}")).headers["ETag"]
    erased = await division.delete(f"/intake/v1/cases/{case_id}/contact", headers={"If-Match": etag})
    assert erased.status_code < 300, erased.text
    await system.drain()

    for text in (DIGITS, NAME, WORDS, "somebody@example.org"):
        assert await _tables_with(system, text) == [], text
        assert text not in caplog.text
    assert (await intake(system, case_id))["state"] == "resolved"
    if transport == "kafka":
        await _no_topic_has(system, request.getfixturevalue("kafka_server"), (DIGITS, NAME, WORDS))


async def _no_topic_has(system: System, node: Any, texts: tuple[str, ...]) -> None:
    broker: Any = system.broker
    await force_compaction(node, broker.settings)
    for text in texts:
        assert await places_of(text, node, broker.settings) == [], text


async def test_a_card_erased_while_a_subscriber_was_away_does_not_come_back(system: System) -> None:
    case_id = await registered(system)
    division = system.api("complaints_division")
    etag = (await division.get(f"/intake/v1/cases/{case_id}")).headers["ETag"]
    await division.delete(f"/intake/v1/cases/{case_id}/contact", headers={"If-Match": etag})
    operator = system.api("operator")
    again = await operator.post("/intake/v1/outbox/replay", json={"topic": "pwa.intake.contacts.v1"})
    assert again.status_code < 300, again.text
    await system.drain()
    assert await _tables_with(system, DIGITS) == []
    assert (await intake(system, case_id))["state"] == "routed"


async def test_events_that_follow_an_erasure_still_flow(system: System) -> None:
    case_id = await registered(system)
    division = system.api("complaints_division")
    etag = (await division.get(f"/intake/v1/cases/{case_id}")).headers["ETag"]
    await division.delete(f"/intake/v1/cases/{case_id}/contact", headers={"If-Match": etag})
    await system.drain()
    branch = system.api("branch_staff", office="1102")
    await change(branch, case_id, "accept")
    await report_done(system, case_id)
    assert system.gateway.sms.sent == []
    assert (await intake(system, case_id))["state"] == "resolved"
