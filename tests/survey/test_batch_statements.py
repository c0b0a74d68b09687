"""What survey hears of cases that go their way costs as many statements for two hundred events as for one.

What it publishes belongs to the trace of the event that caused it.
"""

from dataclasses import replace
from uuid import UUID

from services.survey_service.service import SERVICE
from shared.contracts import intake
from shared.contracts.base import Event
from shared.kernel.ids import uuid7
from shared.messaging.consumer import Consumer
from shared.testing.batches import as_message, statements_for
from tests.survey.given import Case, Desk


def news(case_id: UUID, desk: Desk) -> list[Event]:
    """A case on its way to the branch, and its contact card."""
    now = desk.clock.now()
    about = {"case_id": case_id, "office": "1102", "region": 1, "kind": "complaint", "restricted": False}
    return [
        intake.CaseRegistered(
            **about, number="1102-69-1", receiving_office="1102", channel="line", received_at=now, registered_at=now,
            contact_version=1,
        ),
        intake.CaseClassified(**about, subject="Q01", dimension="d", severity="high", classified_at=now),
        intake.CaseRouted(**about, previous_office="HQ", routed_at=now),
        intake.CaseAccepted(**about, accepted_at=now),
        intake.CaseBounced(**about, bounced_by="s", reason="r", bounced_at=now),
        intake.FollowUpAttached(**about, severity="critical", follow_ups=1, attached_at=now),
        intake.ContactChanged(**about, contact_version=2, erased=False, changed_at=now),
        intake.ContactCard(case_id=case_id, version=2, phone="+66812345678"),
    ]  # fmt: skip


async def test_one_case_and_many_cost_the_same_number_of_statements(desk: Desk) -> None:
    consumer, costs = Consumer(desk.context.db, SERVICE.folds), []
    for count in (1, 1, 40):
        batch = [
            as_message(event, 1 if isinstance(event, intake.ContactCard) else seq, desk.clock.now())
            for _ in range(count)
            for seq, event in enumerate(news(uuid7(), desk), 1)
        ]
        assert len(batch) == 8 * count
        costs.append(await statements_for(consumer, batch))
    assert costs[1].total() == costs[2].total(), costs[2] - costs[1]
    assert max(costs[2].values()) <= 2


async def test_a_call_that_waited_for_the_card_belongs_to_the_trace_of_the_card(desk: Desk) -> None:
    case = Case()
    told = desk.numbered(case.registered(desk.now), case.resolved(desk.now), case.card())
    await desk.take_numbered(
        [(event, replace(meta, traceparent=f"trace-{nr}")) for nr, (event, meta) in enumerate(told)]
    )
    [row] = await desk.rows("SELECT headers FROM outbox WHERE type = 'pwa.survey.call-opened.v1'")
    assert row.headers == {"traceparent": "trace-2"}
