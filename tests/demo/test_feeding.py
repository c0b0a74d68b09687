"""A file of public tickets goes through intake: each line accepted, known already, or refused with its reason."""

import json
import random
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.demo.cases import World
from services.demo.client import Answer, Product
from services.demo.feeding import feed
from services.demo.progress import Stage
from shared.testing.system import System


async def test_every_line_of_a_ticket_file_is_accepted_once_or_refused_with_a_reason(
    system: System, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    system.clock.set(datetime.now(UTC))
    lines = [
        {"ticket": f"2022-{n:03d}", "reported_at": f"2022-06-{n:02d}T08:00:00+07:00", "category": "ถนน", "text": "หลุม"}
        for n in range(1, 8)
    ]
    file = tmp_path / "tickets.jsonl"
    file.write_text("\n".join([*map(json.dumps, lines), '{"ticket": "2022-008"}']), encoding="utf-8")
    endpoints = dict.fromkeys(system.nodes, "http://pwa.test")
    world = World(Product(endpoints, system.issuer, system.anonymous()), Stage(), random.Random(1), "test")
    first = await feed(world, file, patience=0)
    again = await feed(world, file, patience=0)
    assert [each.result.status for each in first if isinstance(each.result, Answer)] == [201] * 7
    assert [each.result.status for each in again if isinstance(each.result, Answer)] == [200] * 7
    printed = capsys.readouterr().out
    assert "Of 8 lines: 7 accepted, 0 known already, 1 refused" in printed
    assert "line 8: no text" in printed
    assert "7 received, in the head-office queue" in printed
    rows = await system.sql("SELECT DISTINCT office, channel, origin FROM intake.cases")
    assert [tuple(row) for row in rows] == [("HQ", "traffy_fondue", "traffy_fondue")]
