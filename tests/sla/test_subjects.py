"""Subjects that people add in intake: the check misses their policy, and a policy can be made for them in time."""

from datetime import datetime
from typing import Any
from uuid import uuid4

import httpx

from services.sla_service.use_cases.watching import problems
from shared.contracts.envelope import Envelope
from shared.contracts.intake import SubjectPublished
from shared.messaging.port import Message
from shared.testing.system import System
from tests.sla.bench import STREAMS_BEGAN
from tests.sla.given import bangkok, hours

NINE = bangkok("2026-02-03 09:00")
FOAM: dict[str, Any] = {
    "code": "W09", "kind": "complaint", "dimension": "ด้านคุณภาพน้ำ", "title_th": "น้ำมีฟองผิดปกติ", "severity": "high",
    "restricted": False, "closes_at_once": False, "published_at": NINE,
}  # fmt: skip
TWELVE_HOURS = [{"metric": "resolve", "amount": 12, "unit": "wall", "calendar": "always"}]


def told(seq: int, valid_from: datetime, **fields: Any) -> Message:
    event = SubjectPublished.model_validate({**FOAM, "valid_from": valid_from, **fields})
    envelope = Envelope(
        event_id=uuid4(), type=event.TYPE, topic=event.TOPIC, key=event.key, seq=seq, recorded_at=STREAMS_BEGAN,
        stream_began_at=STREAMS_BEGAN, source="/pwa/intake", traceparent=None, data=event.model_dump(mode="json"),
    )  # fmt: skip
    return Message(envelope.topic, envelope.key, envelope.body(), envelope.headers())


async def reasons(alone: System) -> list[str]:
    async with alone.db["sla"].transaction() as tx:
        return await problems(tx)


async def publish_policy(alone: System, **body: Any) -> httpx.Response:
    editor = alone.api("policy_editor", subject="somsri")
    given = {"code": "W09", "name_th": "น้ำมีฟอง", "targets": TWELVE_HOURS} | body
    drafted = await editor.post("/sla/v1/policies", json=given)
    if drafted.status_code != 201:
        return drafted
    return await editor.post("/sla/v1/policies/W09/1/publish", json={}, headers={"If-Match": drafted.headers["ETag"]})


async def hear(alone: System, *messages: Message) -> None:
    await alone.nodes["sla"].context.consumer.receive(list(messages))


async def test_9_a_subject_added_in_intake_is_named_until_it_has_a_policy_of_its_own(alone: System) -> None:
    assert await reasons(alone) == []
    refused = await publish_policy(alone, subject="W09")
    assert (refused.status_code, refused.json()["code"]) == (422, "unknown_subject")
    await hear(alone, told(1, NINE + hours(24)))
    assert await reasons(alone) == ["subject W09, in force from 2026-02-04 09:00, has no SLA policy"]
    alone.clock.set(NINE + hours(24))
    assert await reasons(alone) == ["subject W09 has no SLA policy"]
    of_another_kind = await publish_policy(alone, subject="W09", kind="suggestion")
    assert (of_another_kind.status_code, of_another_kind.json()["code"]) == (422, "fits_no_case")
    assert (await publish_policy(alone, subject="W09")).status_code == 200
    assert await reasons(alone) == []


async def test_9_a_policy_for_all_subjects_of_a_kind_will_do(alone: System) -> None:
    await hear(alone, told(1, NINE))
    assert await reasons(alone) == ["subject W09 has no SLA policy"]
    assert (await publish_policy(alone, kind="complaint")).status_code == 200
    assert await reasons(alone) == []


async def test_9_a_subject_that_ended_needs_none(alone: System) -> None:
    await hear(alone, told(1, NINE - hours(1)))
    assert await reasons(alone) == ["subject W09 has no SLA policy"]
    await hear(alone, told(2, NINE - hours(1), valid_to=NINE))
    assert await reasons(alone) == []
    assert (await publish_policy(alone, subject="W09")).status_code == 200  # it may still be named
