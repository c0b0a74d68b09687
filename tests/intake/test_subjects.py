"""The taxonomy is data: subjects are added, worded anew and ended from a date on."""

from datetime import timedelta
from typing import Any

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake_service.domain.subject_versions import Span, place_for, span_to_end
from shared.kernel.errors import Refusal
from shared.testing.start import START
from tests.intake.given import Desk

FOAM: dict[str, Any] = {"kind": "complaint", "dimension": "ด้านคุณภาพน้ำ", "title": "น้ำมีฟองผิดปกติ", "severity": "high"}
TOMORROW = (START + timedelta(days=1)).isoformat()


async def publish(client: httpx.AsyncClient, code: str, **changes: Any) -> httpx.Response:
    return await client.post(f"/intake/v1/subjects/{code}/versions", json={**FOAM, **changes})


async def in_force(desk: Desk) -> dict[str, str]:
    rows = (await desk.adapter.get("/intake/v1/subjects")).json()
    return {row["code"]: row["title"] for row in rows}


async def test_a_new_subject_takes_cases_from_its_date_on_and_is_told_to_the_others(desk: Desk) -> None:
    editor = desk.system.api("policy_editor")
    answer = await publish(editor, "W09", valid_from=TOMORROW)
    assert answer.status_code == 201, answer.text
    case = await desk.register()
    refused = await desk.do(desk.officer, case["id"], "classify", {"subject": "W09"})
    assert (refused.status_code, refused.json()["code"]) == (422, "unknown_subject")
    desk.system.clock.advance(timedelta(days=1, minutes=1))
    done = await desk.done(desk.officer, case["id"], "classify", {"subject": "W09"})
    assert (done["subject"], done["kind"], done["severity"]) == ("W09", "complaint", "high")
    settled = await desk.register(desk.officer, subject="W09", branch="1102")
    assert settled["state"] == "routed"
    rows = await desk.system.sql("SELECT key, payload ->> 'title_th' AS title FROM intake.outbox WHERE key LIKE 'sub%'")
    assert [(row["key"], row["title"]) for row in rows] == [("subject/W09", FOAM["title"])]
    audit = await desk.system.sql("SELECT subject FROM intake.audit WHERE action = 'subject.published'")
    assert [row["subject"] for row in audit] == ["W09"]


async def test_a_subject_is_worded_anew_from_a_date_and_what_was_in_force_stays(desk: Desk) -> None:
    editor = desk.system.api("policy_editor")
    before = (await in_force(desk))["W01"]
    await publish(editor, "W01", title="น้ำมีสีหรือสนิม", valid_from=TOMORROW)
    assert (await in_force(desk))["W01"] == before
    desk.system.clock.advance(timedelta(days=2))
    assert (await in_force(desk))["W01"] == "น้ำมีสีหรือสนิม"
    versions = (await desk.adapter.get("/intake/v1/subjects/versions?code=W01")).json()["items"]
    assert [each["title"] for each in versions] == [before, "น้ำมีสีหรือสนิม"]
    assert versions[0]["valid_to"] == versions[1]["valid_from"]
    assert versions[1]["valid_to"] is None


async def test_an_ended_subject_is_refused_and_no_longer_suggested_while_its_cases_stay(desk: Desk) -> None:
    old = await desk.routed(subject="Q01")
    fresh = await desk.register()
    ended = await desk.system.api("policy_editor").post("/intake/v1/subjects/Q01/end", json={})
    assert ended.status_code == 200, ended.text
    desk.system.clock.advance(timedelta(minutes=1))
    refused = await desk.do(desk.officer, fresh["id"], "classify", {"subject": "Q01"})
    assert (refused.status_code, refused.json()["code"]) == (422, "unknown_subject")
    suggestion = (await desk.officer.get(f"/intake/v1/cases/{fresh['id']}/suggestion")).json()
    assert suggestion["subject"] is None
    assert "Q01" not in [code for code, _ in suggestion["candidates"]]
    assert (await desk.get(old))["subject"] == "Q01"
    assert "Q01" not in await in_force(desk)


async def test_only_an_editor_changes_the_taxonomy_and_never_its_past(desk: Desk) -> None:
    editor = desk.system.api("policy_editor")
    assert (await publish(desk.officer, "W09")).status_code == 403
    yesterday = (START - timedelta(days=1)).isoformat()
    for code, change, status, reason in (
        ("W09", {"valid_from": yesterday}, 422, "valid_from_past"),
        ("W01", {"kind": "information"}, 409, "subject_kind_fixed"),
        ("F09", {}, 422, "follow_up_subject"),
        ("W09", {"title": "โทร 081-234-5678"}, 422, "personal_data_in_text"),
        ("w09", {}, 422, "string_pattern_mismatch"),
    ):
        answer = await publish(editor, code, **change)
        assert (answer.status_code, answer.json()["code"]) == (status, reason), answer.text
    assert (await publish(editor, "W09", valid_from=TOMORROW)).status_code == 201
    again = await publish(editor, "W09", valid_from=TOMORROW)
    assert (again.status_code, again.json()["code"]) == (409, "subject_version_conflict")
    early = await editor.post("/intake/v1/subjects/W09/end", json={"valid_to": START.isoformat()})
    assert (early.status_code, early.json()["code"]) == (409, "subject_version_conflict")
    assert (await editor.post("/intake/v1/subjects/X99/end", json={})).status_code == 404


async def test_the_same_key_publishes_once(desk: Desk) -> None:
    editor = desk.system.api("policy_editor")
    key = {"Idempotency-Key": "w09"}
    answers = [await editor.post("/intake/v1/subjects/W09/versions", json=FOAM, headers=key) for _ in range(2)]
    assert [each.status_code for each in answers] == [201, 201]
    versions = (await desk.adapter.get("/intake/v1/subjects/versions?code=W09")).json()["items"]
    assert len(versions) == 1


async def test_versions_are_paged_without_gap_or_repetition(desk: Desk) -> None:
    seen: list[str] = []
    query = "?limit=7"
    while query:
        page = (await desk.adapter.get(f"/intake/v1/subjects/versions{query}")).json()
        seen += [each["code"] for each in page["items"]]
        query = f"?limit=7&cursor={page['next_cursor']}" if page["next_cursor"] else ""
    assert seen == sorted(await in_force(desk))


Steps = st.lists(st.tuples(st.booleans(), st.integers(0, 40)), max_size=12)


@given(Steps)
@settings(max_examples=200)
def test_however_it_is_edited_one_version_at_most_is_in_force_and_the_past_never_changes(
    steps: list[tuple[bool, int]],
) -> None:
    spans: list[Span] = []
    for tick, (ends, hours) in enumerate(steps):
        now, at = START + timedelta(hours=tick), START + timedelta(hours=hours)
        before = [sum(span.holds(now - timedelta(minutes=n)) for span in spans) for n in range(1, 60)]
        try:
            if ends:
                closed = span_to_end(spans, at, now=now)
                spans = [Span(s.valid_from, at) if s == closed else s for s in spans]
            else:
                place = place_for(spans, at, now=now)
                spans = [Span(s.valid_from, at) if s == place.ends else s for s in spans]
                spans.append(Span(at, place.valid_to))
        except Refusal:
            continue
        assert [sum(span.holds(now - timedelta(minutes=n)) for span in spans) for n in range(1, 60)] == before
        probes = [START + timedelta(minutes=30 * n) for n in range(100)]
        assert all(sum(span.holds(probe) for span in spans) <= 1 for probe in probes)
