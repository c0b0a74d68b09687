"""Process step 1 and on: a subject that was not shipped is published, promised, missed, and named to the officer."""

from typing import Any

import pytest

from shared.testing.system import System
from tests.journeys.test_step_3_officers_are_told import COMPLAINT, enter, items, mails

FOAM = {"kind": "complaint", "dimension": "ด้านคุณภาพน้ำ", "title": "น้ำมีฟองผิดปกติ", "severity": "high"}
RESOLVE_6 = {"metric": "resolve", "amount": 6, "unit": "wall", "calendar": "always"}


async def put_in_force(system: System) -> None:
    """The subject, and a policy of six hours that names it."""
    editor = system.api("policy_editor")
    told = await editor.post("/intake/v1/subjects/W09/versions", json=FOAM)
    assert told.status_code == 201, told.text
    await system.drain()
    policy: dict[str, Any] = {"code": "foam", "name_th": "น้ำมีฟอง", "subject": "W09", "targets": [RESOLVE_6]}
    drafted = await editor.post("/sla/v1/policies", json=policy)
    assert drafted.status_code == 201, drafted.text
    tag = {"If-Match": drafted.headers["ETag"]}
    published = await editor.post("/sla/v1/policies/foam/1/publish", json={}, headers=tag)
    assert published.status_code == 200, published.text


@pytest.mark.transports
async def test_a_case_of_a_new_subject_runs_under_its_policy_and_the_officer_reads_its_name(system: System) -> None:
    await enter(system, "1102", "branch_manager", "PWA-1")
    await put_in_force(system)
    await system.advance(minutes=1)
    officer = system.api("intake_officer", office="HQ")
    body = {**COMPLAINT, "subject": "W09", "received_at": system.clock.now().isoformat()}
    made = await officer.post("/intake/v1/cases", json=body)
    assert made.status_code == 201, made.text
    await system.drain()
    case_id = made.json()["id"]
    clocks = await system.api("complaints_division").get(f"/sla/v1/cases/{case_id}/clocks")
    assert [clock["policy"] for clock in clocks.json()["clocks"] if clock["metric"] == "resolve"] == ["foam/1"]

    await system.advance(hours=6, minutes=1)
    await system.advance(minutes=2)
    (line,) = await items(system, "follow-ups")
    assert (line["case_id"], line["subject"], line["subject_name"]) == (case_id, "W09", FOAM["title"])
    (mail,) = mails(system)
    assert mail.recipients == ("pwa-1@pwa.example",)
    assert FOAM["title"] in mail.text()
