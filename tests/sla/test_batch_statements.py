"""What the SLA service hears costs as many statements for hundreds of events as for a few."""

from shared.contracts.intake import ContactChanged, SubjectPublished
from shared.contracts.reporting import OisAcknowledged
from shared.contracts.survey import CallClosed, CallOpened, CustomerTold, NoticeFailed
from shared.kernel.ids import uuid7
from shared.messaging.port import Message
from shared.testing.batches import as_message, statements_for
from shared.testing.statements import counted
from tests.sla.bench import Bench, Story
from tests.sla.given import bangkok, hours

NINE = bangkok("2026-02-03 09:00")


def life(story: Story) -> list[Message]:
    """Everything that intake tells of a case."""
    return [
        story.registered(NINE), story.classified(NINE + hours(1), "L01"), story.routed(NINE + hours(1), "1102"),
        story.bounced(NINE + hours(1)), story.routed(NINE + hours(1), "1103"), story.accepted(NINE + hours(2)),
        story.asked(NINE + hours(2)), story.supplied(NINE + hours(3)), story.followed_up(NINE + hours(3)),
        story.resolved(NINE + hours(4)), story.reopened(NINE + hours(5)), story.cancelled(NINE + hours(6)),
        story._tell(ContactChanged, contact_version=2, erased=False, has_phone=True, changed_at=NINE + hours(6)),
    ]  # fmt: skip


def elsewhere(story: Story) -> list[Message]:
    """What survey and reporting tell of it."""
    about = {"case_id": story.case_id, "office": "1102", "region": 1, "kind": "complaint", "restricted": False}
    notice = {**about, "notice_id": uuid7(), "purpose": "resolved"}
    call = {**about, "task_id": uuid7(), "purpose": "satisfaction"}
    survey = [
        NoticeFailed(**notice, reason="none", phone_task=False, failed_at=NINE + hours(4)),
        CustomerTold(**notice, channel="sms", evidence="receipt", told_at=NINE + hours(5)),
        CallOpened(**call, opened_at=NINE + hours(5)),
        CallClosed(**call, outcome="answered", attempts=1, closed_at=NINE + hours(6)),
    ]
    reported = OisAcknowledged(**about, version=1, accepted=True, acknowledged_at=NINE + hours(6))
    return [*(as_message(event, seq, NINE) for seq, event in enumerate(survey, 1)), as_message(reported, 1, NINE)]


def subject(number: int) -> Message:
    event = SubjectPublished(
        code=f"L{number:02d}", kind="complaint", dimension="water_quality", title_th="น้ำขุ่น", severity="normal",
        restricted=False, closes_at_once=False, valid_from=NINE, published_at=NINE,
    )  # fmt: skip
    return as_message(event, 1, NINE)


async def test_one_case_and_many_cost_the_same_number_of_statements(bench: Bench) -> None:
    bench.clock.set(NINE + hours(7))
    costs, subjects = [], iter(range(40, 99))
    for count in (1, 1, 12):
        stories = [Story() for _ in range(count)]
        batch = [subject(next(subjects)) for _ in stories]
        batch += [message for story in stories for message in (*life(story), *elsewhere(story))]
        assert len(batch) > 17 * count
        costs.append(await statements_for(bench.consumer, batch))

    assert costs[1].total() == costs[2].total(), costs[2] - costs[1]
    assert max(costs[2].values()) <= 2, costs[2].most_common(3)


async def test_the_deadlines_of_one_case_and_of_many_cost_the_same_number_of_statements(bench: Bench) -> None:
    """Bench.fire asks once more, and finds nothing."""
    costs = []
    for count in (1, 1, 40):
        stories = [Story() for _ in range(count)]
        bench.clock.set(NINE)
        await bench.hear(*(story.registered(NINE, "L01") for story in stories))
        with counted(bench.db) as executed:
            await bench.pass_to(NINE + hours(24 * 30))
        costs.append(executed.total())
    assert costs[1] == costs[2]
