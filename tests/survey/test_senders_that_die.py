"""A sender's process really dies around the call to the provider; another one comes after it."""

import asyncio
import json
import os
import sys
from datetime import timedelta

import pytest

from shared.kernel.faults import EXIT_CODE
from shared.testing.postgres import TestDatabase
from tests.survey.given import LINE, PHONE, Desk, resolved


async def die(desk: Desk, database: TestDatabase, point: str) -> None:
    settings = json.dumps(desk.gateway.settings())
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.survey.sender_process", database.url("survey"), settings, desk.now.isoformat(),
        env={**os.environ, "PWA_FAULT": point},
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, errors = await process.communicate()
    assert process.returncode == EXIT_CODE, errors.decode()


async def later(desk: Desk) -> None:
    for _ in range(4):
        desk.clock.advance(timedelta(minutes=6))
        await desk.run_jobs()


@pytest.mark.parametrize(
    ("point", "arrived", "state"),
    [
        ("sender.before_commit", 1, "accepted"),
        ("sender.claimed", 0, "unknown"),
        ("sender.called", 1, "unknown"),
        ("sender.recorded", 1, "accepted"),
    ],
)
async def test_an_sms_whose_sender_died_is_never_sent_again(
    desk: Desk, database: TestDatabase, point: str, arrived: int, state: str
) -> None:
    await resolved(desk, phone=PHONE, line_id=LINE)
    await die(desk, database, point)
    await later(desk)
    assert len(desk.gateway.sms.sent) == arrived
    assert desk.gateway.line.sent == []
    assert (await desk.one("SELECT state FROM survey.notice")).state == state


@pytest.mark.parametrize("point", ["sender.claimed", "sender.called", "sender.recorded"])
async def test_a_line_message_whose_sender_died_arrives_exactly_once(
    desk: Desk, database: TestDatabase, point: str
) -> None:
    case = await resolved(desk, line_id=LINE)
    await die(desk, database, point)
    await later(desk)
    assert len(desk.gateway.line.sent) == 1
    assert len(await desk.told("customer-told", case)) == 1
