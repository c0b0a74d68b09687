"""Process step 2: what came in is counted by day, office, kind, dimension and channel, and numbered without gaps."""

from typing import Any

import httpx
import pytest

from shared.testing.system import System
from tests.journeys.closing import change

COMPLAINT = {"text": "น้ำไม่ไหล", "contact": {"phone": "0812345678"}}


async def post(client: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
    answer = await client.post("/intake/v1/cases", json={**COMPLAINT, **body})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


@pytest.mark.transports
async def test_the_days_counts_are_recorded_and_corrected_beside_the_record(system: System) -> None:
    officer, division = system.api("intake_officer"), system.api("complaints_division")
    branch = system.api("branch_staff", office="1102", subject="somchai")
    today, yesterday = "2026-02-03T08:00:00+07:00", "2026-02-02T23:59:59+07:00"
    unclear = await post(officer, channel="facebook", received_at=today)
    known = await post(officer, channel="line", received_at=today, subject="Q01", branch="1102")
    own = [await post(branch, channel="walk_in", received_at=at) for at in (today, yesterday, today)]
    assert [unclear["number"], known["number"]] == ["HQ-2569-000001", "HQ-2569-000002"]
    assert [each["number"] for each in own] == [f"1102-2569-{n:06d}" for n in (1, 2, 3)]
    await change(officer, unclear["id"], "classify", {"subject": "W03"})
    await system.drain()

    board = (await division.get("/intake/v1/counts", params={"day": "2026-02-03"})).json()
    assert (board["as_recorded"]["total"], board["as_classified"]["total"]) == (4, 4)
    by_kind = {row["channel"]: (row["kind"], row["dimension"], row["count"]) for row in board["as_recorded"]["rows"]}
    assert by_kind == {
        "facebook": ("unclassified", None, 1),
        "line": ("complaint", "ด้านปริมาณน้ำ", 1),
        "walk_in": ("unclassified", None, 2),
    }
    now = {row["channel"]: (row["office"], row["kind"]) for row in board["as_classified"]["rows"]}
    assert now["facebook"] == ("HQ", "complaint")
    assert now["line"] == ("1102", "complaint")
    of_branch = (await branch.get("/intake/v1/counts", params={"day": "2026-02-03"})).json()
    assert of_branch["as_recorded"]["total"] == 2
    before = (await division.get("/intake/v1/counts", params={"day": "2026-02-02", "region": 1})).json()
    assert before["as_recorded"]["total"] == 1


async def test_the_complainant_follows_the_case_by_its_code_and_sees_its_deadline(system: System) -> None:
    officer = system.api("intake_officer")
    case = await post(officer, channel="line", received_at="2026-02-03T08:00:00+07:00", subject="Q01", branch="1102")
    await system.drain()
    page = (await system.anonymous().get(f"/intake/v1/track/{case['tracking_code']}")).json()
    assert page == {
        "state": "routed",
        "received_at": "2026-02-03T01:00:00Z",
        "due_at": "2026-02-04T01:00:00Z",
        "resolved_at": None,
        "closed_at": None,
        "reopened": False,
    }
