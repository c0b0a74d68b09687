"""Many rungs for one officer go in one message, and each rung is told exactly once."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.escalation_service.domain.messages import DigestRules, Waiting, bundles, by_recipient
from tests.escalation.mailroom import DIRECTOR, MANAGER, Mailroom

WAITING = st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(["call", "correction"])), max_size=60)
RULES = st.builds(DigestRules, threshold=st.integers(2, 8), longest=st.integers(2, 12))


@given(WAITING, RULES, st.sampled_from(["when_many", "always", "never"]))
def test_every_message_is_in_exactly_one_mailing_of_its_own_officer_and_kind(
    drawn: list[tuple[str, str]], rules: DigestRules, habit: str
) -> None:
    waiting = [Waiting(UUID(int=n), to, kind) for n, (to, kind) in enumerate(drawn)]
    known = {each.message_id: (each.recipient, each.kind) for each in waiting}
    mailed: list[UUID] = []
    for pair, mine in by_recipient(waiting).items():
        for ids in bundles(mine, habit, rules):
            assert {known[each] for each in ids} == {pair}
            assert len(ids) <= rules.longest
            assert habit != "never" or len(ids) == 1
            mailed += ids
        assert habit != "when_many" or len(mine) >= rules.threshold or len(bundles(mine, habit, rules)) == len(mine)
    assert sorted(mailed) == sorted(known)


async def storm(mailroom: Mailroom, size: int) -> None:
    """So many cases of one branch miss their deadline at once."""
    for _ in range(size):
        await mailroom.late()


async def test_100_breaches_of_one_branch_are_one_message_with_each_of_them_once(mailroom: Mailroom) -> None:
    await mailroom.staff()
    await storm(mailroom, 100)
    await mailroom.later(minutes=2)
    (mail,) = mailroom.gateway.email.sent
    assert mail.subject == "กปภ. เรื่องเกินกำหนด 100 เรื่อง รอท่านดำเนินการ"
    rows = await mailroom.messages()
    assert Counter(row.state for row in rows) == {"accepted": 100}
    text = mail.text()
    assert [text.count(str(row.case_id)) for row in rows] == [1] * 100
    assert len({row.mailing_id for row in rows}) == 1


async def test_a_few_go_each_on_their_own(mailroom: Mailroom) -> None:
    await mailroom.staff()
    await storm(mailroom, 4)
    await mailroom.later(minutes=2)
    assert len(mailroom.mails()) == 4


async def test_an_officer_may_want_a_list_always_or_never(mailroom: Mailroom) -> None:
    await mailroom.staff(replace(MANAGER, digest="always"))
    await storm(mailroom, 2)
    await mailroom.later(minutes=2)
    assert len(mailroom.mails()) == 1
    await mailroom.enter(replace(MANAGER, digest="never"))
    mailroom.gateway.forget()
    await storm(mailroom, 6)
    await mailroom.later(minutes=20)
    assert len(mailroom.mails()) == 6


async def test_after_a_list_the_next_one_waits_a_while_and_forgets_nothing(mailroom: Mailroom) -> None:
    await mailroom.staff()
    await storm(mailroom, 6)
    await mailroom.later(minutes=2)
    await storm(mailroom, 7)
    await mailroom.later(minutes=2)
    assert len(mailroom.mails()) == 1
    await mailroom.later(minutes=15)
    assert [subject.split()[2] for _, subject in mailroom.mails()] == ["6", "7"]
    assert Counter(row.state for row in await mailroom.messages()) == {"accepted": 13}


async def test_a_list_goes_by_line_with_what_does_not_fit_counted(mailroom: Mailroom) -> None:
    await mailroom.staff(replace(MANAGER, email=None, line_id="U1"))
    await storm(mailroom, 45)
    await mailroom.later(minutes=2)
    (push,) = mailroom.gateway.line.sent
    assert "กปภ. เรื่องเกินกำหนด 45 เรื่อง" in push.text
    assert "และอีก 5 เรื่อง" in push.text
    assert len(push.text) <= 5000


async def test_cases_closed_before_the_list_goes_are_not_in_it(mailroom: Mailroom) -> None:
    await mailroom.staff()
    mailroom.gateway.email.fail_next(451)
    await storm(mailroom, 6)
    done = await mailroom.late()
    await mailroom.later(minutes=2)
    await mailroom.desk.hear(done.resolved(mailroom.desk.now))
    await mailroom.later(minutes=5)
    (mail,) = mailroom.gateway.email.sent
    assert str(done.case_id) not in mail.text()
    assert "6 เรื่อง" in mail.subject
    assert await mailroom.states(done) == [("call", "PWA-1", "withdrawn")]


async def test_two_processes_that_bundle_and_send_at_once_tell_everybody_once(mailroom: Mailroom) -> None:
    await mailroom.staff()
    for _ in range(12):
        await mailroom.late()
    await mailroom.desk.staff("R02", {"region_director": DIRECTOR})
    mailroom.desk.clock.advance(timedelta(minutes=2))
    await mailroom.race()
    assert len(mailroom.mails()) == 1
    assert Counter(row.state for row in await mailroom.messages()) == {"accepted": 12}
