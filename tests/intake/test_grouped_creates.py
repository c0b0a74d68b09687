"""Groups of receipts: one transaction for all, and a bad one fails alone (failures.md 35)."""

import asyncio
from collections import defaultdict
from dataclasses import replace
from datetime import datetime

import asyncpg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import make_url

from services.intake_service.api.receiving import Incoming, Writer, Written
from services.intake_service.domain.receipt import Origin, Person, Receipt
from services.intake_service.domain.tracking import new_tracking_code
from services.intake_service.use_cases.registering import Request
from shared.kernel.access import SYSTEM
from shared.kernel.ids import uuid7
from shared.kernel.words import Channel
from shared.reference import region_of
from shared.testing.start import START
from shared.testing.system import System
from shared.web import Idempotency
from shared.web.idempotency import Replay

A, B, C = "1102", "1103", "HQ"


def receipt(office: str = C, *, reference: str | None = None, at: datetime = START, text: str = "น้ำไม่ไหล") -> Receipt:
    return Receipt(
        id=uuid7(),
        tracking_code=new_tracking_code(),
        channel=Channel.WALK_IN,
        received_at=at,
        receiving_office=office,
        receiving_region=region_of(office),
        text=text,
        person=Person(phone="+66812345678"),
        origin=Origin("traffy_fondue", reference) if reference else None,
    )


def incoming(one: Receipt, key: str | None = None) -> Incoming:
    hashed = (one.text + one.receiving_office).encode()
    return Incoming(Request(one, SYSTEM), Idempotency(key, "system", hashed, 201))


def writer(intake: System) -> Writer:
    return Writer(intake.db["intake"])


def with_nul(one: Receipt) -> Receipt:
    """What the edge never lets through, and the database refuses: the whole statement of the group fails."""
    return replace(one, text="\0")


async def series_of(intake: System) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for row in await intake.sql("SELECT number FROM intake.cases ORDER BY number"):
        prefix, running = row["number"].rsplit("-", 1)
        found[prefix].append(int(running))
    return dict(found)


async def test_opposite_orders_with_a_bad_row_do_not_deadlock_and_leave_no_gap(intake: System) -> None:
    """failures.md 35."""
    groups: list[list[Incoming]] = []
    for n in range(12):
        offices = [A, B] if n % 2 else [B, A]
        group = [incoming(receipt(office)) for office in offices * 3]
        if n % 3 == 0:
            group[2] = incoming(with_nul(group[2].request.receipt))
        groups.append(group)
    answers = await asyncio.gather(*(writer(intake).write(group) for group in groups))
    bad = [answer for group in answers for answer in group if not isinstance(answer, Written)]
    assert len(bad) == 4
    for n, written in enumerate(answers):
        assert [isinstance(answer, Written) for answer in written] == [n % 3 != 0 or place != 2 for place in range(6)]
    series = await series_of(intake)
    assert sum(map(len, series.values())) == 12 * 6 - 4
    assert all(running == list(range(1, len(running) + 1)) for running in series.values())


async def test_a_refused_receipt_takes_no_number_and_no_neighbour_with_it(intake: System) -> None:
    old = receipt(A, at=datetime.fromisoformat("2025-12-01T00:00:00+07:00"))
    first, refused, last = await writer(intake).write([incoming(receipt(A)), incoming(old), incoming(receipt(A))])
    assert isinstance(first, Written)
    assert isinstance(last, Written)
    assert isinstance(refused, Exception)
    assert await series_of(intake) == {f"{A}-2569": [1, 2]}


async def test_the_same_key_twice_in_one_group_makes_one_case(intake: System) -> None:
    one = receipt(A)
    answers = await writer(intake).write([incoming(one, "k1"), incoming(one, "k1"), incoming(receipt(A), "k2")])
    assert [type(answer).__name__ for answer in answers] == ["Written", "KeyInProgress", "Written"]
    assert len(await intake.sql("SELECT * FROM intake.cases")) == 2


async def test_the_same_reference_twice_in_one_group_makes_one_case(intake: System) -> None:
    group = [incoming(receipt(A, reference="T1")), incoming(receipt(A, reference="T1", text="อีกครั้ง"))]
    first, second = await writer(intake).write(group)
    assert isinstance(first, Written)
    assert isinstance(second, Written)
    assert (first.status, second.status) == (201, 200)
    assert first.body.id == second.body.id
    entries = await intake.sql("SELECT entry FROM intake.timeline ORDER BY id")
    assert [row["entry"] for row in entries] == ["registered", "repeated"]


async def test_groups_of_several_processes_with_the_same_references_make_each_case_once(intake: System) -> None:
    def group(order: int) -> list[Incoming]:
        return [incoming(receipt(office, reference=f"T{n}")) for n, office in enumerate([A, B, C, A, B])][::order]

    answers = await asyncio.gather(*(writer(intake).write(group(-1 if n % 2 else 1)) for n in range(8)))
    assert all(isinstance(answer, Written) for group in answers for answer in group)
    assert len(await intake.sql("SELECT * FROM intake.cases")) == 5
    series = await series_of(intake)
    assert all(running == list(range(1, len(running) + 1)) for running in series.values())


async def test_every_case_of_a_group_has_its_own_actor_event_card_and_audit_row(intake: System) -> None:
    people = [replace(SYSTEM, id=f"person{n}") for n in range(3)]
    group = [replace(incoming(receipt(A)), request=Request(receipt(A), person)) for person in people]
    await writer(intake).write(group)
    audit = await intake.sql("SELECT actor, subject FROM intake.audit ORDER BY id")
    assert [row["actor"] for row in audit] == [person.id for person in people]
    assert [row["subject"] for row in audit] == [str(each.request.receipt.id) for each in group]
    sent = await intake.sql("SELECT topic, key, seq FROM intake.outbox")
    assert len(sent) == 6
    assert {row["seq"] for row in sent} == {1}


@given(
    group=st.lists(
        st.tuples(st.sampled_from([A, B, C]), st.sampled_from(["good", "old", "nul"]), st.sampled_from([None, "R1"])),
        min_size=1,
        max_size=8,
    )
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_series_are_gap_free_whatever_a_group_holds(
    intake: System, group: list[tuple[str, str, str | None]]
) -> None:
    """failures.md 35, as a property."""
    await intake.sql("TRUNCATE intake.cases, intake.number_series, intake.stream CASCADE")
    ancient = datetime.fromisoformat("2025-12-01T00:00:00+07:00")
    requests = []
    for office, quality, reference in group:
        one = receipt(office, reference=reference, at=ancient if quality == "old" else START)
        requests.append(incoming(with_nul(one) if quality == "nul" else one))
    if len(requests) > 1:
        answers = await writer(intake).write(requests)
        spoilt = [quality in ("old", "nul") for _, quality, _ in group]
        assert [not isinstance(answer, Written) for answer in answers] == spoilt
    series = await series_of(intake)
    assert all(running == list(range(1, len(running) + 1)) for running in series.values())
    counters = await intake.sql("SELECT office, last_number FROM intake.number_series")
    assert {row["office"]: row["last_number"] for row in counters if row["last_number"]} == {
        prefix.split("-")[0]: len(running) for prefix, running in series.items()
    }


async def test_a_group_that_fails_whole_numbers_nothing(intake: System) -> None:
    """The counters roll back with the group: no number is lost that nobody was told."""
    await intake.sql(f"ALTER ROLE pwa_intake IN DATABASE {intake.database.name} SET lock_timeout = '50ms'")
    await intake.db["intake"].dispose()
    blocker = await _lock_of_counters(intake)
    try:
        groups = [[incoming(receipt(A)), incoming(receipt(B))] for _ in range(2)]
        failed = await asyncio.gather(*(writer(intake).write(group) for group in groups), return_exceptions=True)
        assert all(isinstance(each, Exception) for each in failed)
    finally:
        await blocker.close()
    await writer(intake).write([incoming(receipt(A))])
    assert await series_of(intake) == {f"{A}-2569": [1]}


async def _lock_of_counters(intake: System) -> asyncpg.Connection:
    dsn = make_url(intake.database.admin_url).set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(dsn)
    await connection.execute("BEGIN; LOCK TABLE intake.number_series IN ACCESS EXCLUSIVE MODE")
    return connection


# Another process that was first with the key: its case is not of this test, its answer is.
KEPT_MEANWHILE = """
INSERT INTO intake.idempotency (actor, key, request_hash, status, answer, created_at)
VALUES ('system', 'k1', $1, 201, '{"headers": {}, "body": {"n": 1}}', $2)
"""
WAITING = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"


async def test_a_group_whose_key_is_answered_between_its_look_and_its_commit_gives_that_answer_again(
    intake: System,
) -> None:
    """docs/adr/0008: the group waits for its number while the other process keeps its answer."""
    await writer(intake).write([incoming(receipt(A))])
    mine, neighbour = incoming(receipt(A), "k1"), incoming(receipt(A), "k2")
    dsn = make_url(intake.database.admin_url).set(drivername="postgresql").render_as_string(hide_password=False)
    other = await asyncpg.connect(dsn)
    async with other.transaction():
        await other.execute("SELECT 1 FROM intake.number_series FOR UPDATE")
        group = asyncio.create_task(writer(intake).write([mine, neighbour]))
        async with asyncio.timeout(10):
            while not await intake.sql(WAITING):
                pass
        await other.execute(KEPT_MEANWHILE, mine.once.request_hash, intake.clock.now())
    await other.close()
    repeated, written = await group
    assert isinstance(repeated, Replay)
    assert repeated.stored.answer["body"] == {"n": 1}
    assert isinstance(written, Written)
    assert await series_of(intake) == {f"{A}-2569": [1, 2]}
