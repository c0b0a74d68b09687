"""A sender's process really dies around the call that tells an officer; another one comes after it."""

import asyncio
import json
import os
import sys
from dataclasses import replace

import pytest

from shared.contracts.escalation import OfficerTold
from shared.kernel.faults import EXIT_CODE
from shared.testing.postgres import TestDatabase
from tests.escalation.mailroom import MANAGER, Mailroom


async def die(mailroom: Mailroom, database: TestDatabase, point: str) -> None:
    """Six late cases wait for one manager; the process that sends them dies."""
    for _ in range(6):
        await mailroom.late()
    await mailroom.desk.advance(minutes=2)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.escalation.sender_process", database.url("escalation"),
        json.dumps(mailroom.settings), mailroom.desk.now.isoformat(),
        env={**os.environ, "PWA_FAULT": point},
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, errors = await process.communicate()
    assert process.returncode == EXIT_CODE, errors.decode()


async def settle(mailroom: Mailroom) -> None:
    for _ in range(4):
        await mailroom.later(minutes=16)


@pytest.mark.parametrize(
    ("point", "arrived", "state"),
    [
        ("bundler.before_commit", 1, "accepted"),
        ("bundler.after_commit", 1, "accepted"),
        ("sender.before_commit", 1, "accepted"),
        ("sender.claimed", 0, "unknown"),
        ("sender.called", 1, "unknown"),
        ("sender.recorded", 1, "accepted"),
    ],
)
async def test_an_email_whose_sender_died_is_never_sent_again(
    mailroom: Mailroom, database: TestDatabase, point: str, arrived: int, state: str
) -> None:
    await mailroom.staff()
    await die(mailroom, database, point)
    await settle(mailroom)
    assert len(mailroom.mails()) == arrived
    assert {row.state for row in await mailroom.messages()} == {state}


@pytest.mark.parametrize("point", ["sender.claimed", "sender.called", "sender.recorded"])
async def test_a_line_message_whose_sender_died_arrives_exactly_once_with_each_rung_in_it(
    mailroom: Mailroom, database: TestDatabase, point: str
) -> None:
    await mailroom.staff(replace(MANAGER, email=None, line_id="U1"))
    await die(mailroom, database, point)
    await settle(mailroom)
    (push,) = mailroom.gateway.line.sent
    assert "6 เรื่อง" in push.text
    assert {row.state for row in await mailroom.messages()} == {"accepted"}
    assert len(await mailroom.desk.told(OfficerTold)) == 6
