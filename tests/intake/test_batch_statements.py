"""What intake keeps of other services' events costs as many statements for two hundred events as for one."""

from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import lists, permutations, sampled_from

from services.intake_service.consumers import FOLDS
from shared.contracts.base import Event
from shared.contracts.survey import NoticeFailed, ReopenRequested
from shared.kernel.ids import uuid7
from shared.messaging.fold import Meta
from shared.messaging.port import Message
from shared.testing.batches import as_message, fold_in, statements_for
from tests.intake.given import Desk
from tests.intake.test_folding import DUE, other_stories, sla_story, stamped


def everything(case_id: str) -> list[Event]:
    base = stamped(case_id)
    return [
        *sla_story(case_id),
        *other_stories(case_id),
        NoticeFailed(
            **base, notice_id=uuid7(), purpose="resolved", reason="unreachable", phone_task=True, failed_at=DUE
        ),
        ReopenRequested(**base, request_id=uuid7(), reason="not_fixed", requested_at=DUE),
    ]


def numbered(desk: Desk, events: list[Event]) -> list[Message]:
    numbers: dict[tuple[str, str], int] = {}
    messages = []
    for event in events:
        stream = event.TOPIC, event.key
        numbers[stream] = numbers.get(stream, 0) + 1
        messages.append(as_message(event, numbers[stream], desk.system.clock.now()))
    return messages


async def test_one_case_and_many_cost_the_same_number_of_statements(desk: Desk) -> None:
    costs = []
    for count in (1, 1, 12):
        case_ids = [(await desk.register())["id"] for _ in range(count)]
        messages = numbered(desk, [event for case_id in case_ids for event in everything(case_id)])
        assert len(messages) > 16 * count
        costs.append(await statements_for(desk.system.nodes["intake"].context.consumer, messages))
    assert costs[1].total() == costs[2].total(), costs[2] - costs[1]
    assert max(costs[2].values()) == 1


@given(order=permutations(range(19)), cuts=lists(sampled_from(range(1, 19)), max_size=4, unique=True))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_a_batch_cut_in_any_way_ends_in_the_same_facts(desk: Desk, order: list[int], cuts: list[int]) -> None:
    case_ids = [(await desk.register())["id"] for _ in range(2)]
    rows = []
    for case_id, ends in zip(case_ids, ([], sorted(cuts)), strict=True):
        events = everything(case_id)
        told = [(events[n], n + 1) for n in order if n < len(events)]
        for start, end in zip([0, *ends], [*ends, len(told)], strict=True):
            async with desk.system.db["intake"].transaction() as tx:
                await fold_in(tx, FOLDS, [(e, Meta(uuid7(), n, tx.now, None, tx.now)) for e, n in told[start:end]])
        [row] = await desk.system.sql("SELECT * FROM intake.case_facts WHERE case_id = $1::uuid", UUID(case_id))
        rows.append({name: value for name, value in dict(row).items() if name != "case_id"})
    assert rows[0] == rows[1]
