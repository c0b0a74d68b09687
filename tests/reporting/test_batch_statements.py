"""Taking events in, and folding them, costs as many statements for two hundred as for one."""

from collections import Counter
from collections.abc import Sequence

from services.reporting_service.service import SERVICE
from services.reporting_service.use_cases import folding
from shared.messaging.consumer import Consumer
from shared.messaging.port import Message
from shared.testing.batches import as_message, statements_for
from shared.testing.statements import counted
from tests.reporting.given import HOUR, NINE, Desk, Story
from tests.reporting.test_fold import whole_life


def numbered(stories: Sequence[Story]) -> list[Message]:
    numbers: Counter[tuple[str, str]] = Counter()
    messages = []
    for story in stories:
        for event, at in story.told:
            numbers[event.TOPIC, event.key] += 1
            messages.append(as_message(event, numbers[event.TOPIC, event.key], at))
    return messages


async def test_a_batch_of_events_of_many_cases_is_kept_with_the_statements_of_one(desk: Desk) -> None:
    consumer = Consumer(desk.db, SERVICE.folds, SERVICE.watermarks)
    batches = [numbered([Story().received()])[:1] for _ in range(2)]
    batches.append(numbered([whole_life() for _ in range(9)]))
    costs = [await statements_for(consumer, messages) for messages in batches]
    assert len(batches[2]) > 200
    assert costs[1].total() == costs[2].total(), costs[2] - costs[1]


async def fold_all(desk: Desk) -> Counter[str]:
    with counted(desk.db) as executed:
        async with desk.db.transaction() as tx:
            assert await folding.fold_waiting(tx, 5000)
    return executed


async def test_folding_many_cases_costs_the_statements_of_one(desk: Desk) -> None:
    costs = []
    for count in (1, 1, 12):
        await desk.hear(*(whole_life() for _ in range(count)))
        costs.append(await fold_all(desk))
    assert costs[1].total() == costs[2].total(), costs[2] - costs[1]
    assert max(costs[2].values()) == 1


async def test_a_fact_that_comes_in_order_is_added_without_reading_those_before_it(desk: Desk) -> None:
    story = whole_life()
    half = NINE + 55 * HOUR
    await desk.hear(story, until=half)
    await fold_all(desk)
    await desk.hear(story)
    executed = await fold_all(desk)
    assert not [statement for statement in executed if "reporting.fact WHERE case_id" in statement]
    assert await desk.case(story) == story.record()


async def test_a_fact_that_comes_late_has_its_case_folded_from_all(desk: Desk) -> None:
    story = whole_life()
    first, *others = story.facts()
    await desk.keep(others)
    await fold_all(desk)
    await desk.keep([first])
    executed = await fold_all(desk)
    assert len([statement for statement in executed if "reporting.fact WHERE case_id" in statement]) == 1
    assert await desk.case(story) == story.record()


async def test_a_record_changed_by_code_that_keeps_no_place_is_folded_from_all(desk: Desk) -> None:
    story = whole_life()
    *before, missed, last = story.facts()
    await desk.keep(before)
    await fold_all(desk)
    await desk.keep([missed])
    await fold_all(desk)
    async with desk.db.transaction() as tx:
        await tx.fetch("UPDATE reporting.case_record SET body = jsonb_set(body, '{facts}', '1')")
    await desk.keep([last])
    await fold_all(desk)
    assert await desk.case(story) == story.record()
