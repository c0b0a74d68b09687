"""What escalation hears of cases that are not late costs as many statements for two hundred events as for one."""

from uuid import UUID

from services.escalation_service.service import SERVICE
from shared.contracts import intake, sla
from shared.contracts.base import CaseEvent
from shared.kernel.ids import uuid7
from shared.messaging.consumer import Consumer
from shared.messaging.port import Message
from shared.testing.batches import as_message, statements_for
from tests.escalation.given import Desk


def news(case_id: UUID, desk: Desk) -> list[Message]:
    """A case on its way to the branch and to its end, with the clock of its repair."""
    now = desk.clock.now()
    about = {"case_id": case_id, "office": "1102", "region": 1, "kind": "complaint", "restricted": False}
    told: list[CaseEvent] = [
        intake.CaseRegistered(
            **about, number="1102-69-1", receiving_office="1102", channel="line", received_at=now, registered_at=now,
            contact_version=0,
        ),
        intake.CaseClassified(**about, subject="Q01", dimension="d", severity="high", classified_at=now),
        intake.CaseRouted(**about, previous_office="HQ", routed_at=now),
        intake.CaseBounced(**about, bounced_by="s", reason="r", bounced_at=now),
        intake.FollowUpAttached(**about, severity="critical", follow_ups=1, attached_at=now),
        intake.CaseAnswered(**about, answered_at=now),
    ]  # fmt: skip
    clock = {**about, "metric": "resolve", "due_at": now}
    heard: list[CaseEvent] = [
        sla.ClockArmed(**clock, started_at=now, policy="p", calendar="c"),
        sla.ClockRescheduled(**clock, cause="calendar", rescheduled_at=now),
        sla.SlaWarned(**clock, level="half", warned_at=now),
    ]
    return [as_message(event, seq, now) for events in (told, heard) for seq, event in enumerate(events, 1)]


async def test_one_case_and_many_cost_the_same_number_of_statements(desk: Desk) -> None:
    consumer, costs = Consumer(desk.db, SERVICE.folds), []
    for count in (1, 1, 30):
        batch = [message for _ in range(count) for message in news(uuid7(), desk)]
        assert len(batch) == 9 * count
        costs.append(await statements_for(consumer, batch))
    assert costs[1].total() == costs[2].total(), costs[2] - costs[1]
    assert max(costs[2].values()) <= 2
