"""The create endpoint under bad input: the exact status, never a 5xx, never an echo (reliability.md, "Bad input")."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.intake.given import COMPLAINT, Desk

URL = "/intake/v1/cases"
JSON = {"Content-Type": "application/json"}
SECRET = "0812345678"


def body(**changed: Any) -> bytes:
    return json.dumps({**COMPLAINT, **changed}, ensure_ascii=False).encode()


CORPUS: dict[str, tuple[bytes, int]] = {
    "empty body": (b"", 400),
    "truncated": (body()[:-9], 400),
    "invalid UTF-8": (body().replace("น้ำ".encode(), b"\xff\xfe"), 400),
    "UTF-16": (json.dumps(COMPLAINT).encode("utf-16"), 400),
    "NaN": (body()[:-1] + b', "meter": NaN}', 400),
    "Infinity": (body()[:-1] + b', "meter": Infinity}', 400),
    "duplicate key": (body()[:-1] + b', "text": "x"}', 400),
    "a list": (b"[]", 422),
    "null": (b"null", 422),
    "NUL": (body(text="ab\0cd"), 422),
    "lone surrogate": (body()[:-1] + b', "meter": "\\ud800"}', 422),
    "lone surrogate deep inside": (body(contact={}).replace(b"{}", b'{"name": "\\udfff"}'), 422),
    "blank text": (body(text=" \u200b\n"), 422),
    "only controls": (body(text="\u202e\u0007"), 422),
    "naive time": (body(received_at="2026-02-03T09:00:00"), 422),
    "number for a time": (body(received_at=0), 422),
    "text of a number for a time": (body(received_at="0"), 422),
    "Buddhist-era year": (body(received_at="2569-02-03T09:00:00+07:00"), 422),
    "year one": (body(received_at="0001-01-01T00:00:00+00:00"), 422),
    "February 30": (body(received_at="2026-02-30T09:00:00+07:00"), 422),
    "2^63": (body(account=2**63), 422),
    "boolean for a text": (body(text=True), 422),
    "number for a text": (body(text=1), 422),
    "text for an object": (body(contact="สมชาย"), 422),
    "unknown branch": (body(branch="0000"), 422),
    "unknown office": (body(receiving_office="X"), 422),
    "unknown subject": (body(subject="Q999"), 422),
    "unknown field": (body(unit="x"), 422),
    "unknown field inside": (body(contact={"citizen_id": "1100000000000"}), 422),
    "too deep": (body(contact={"name": json.loads("[" * 30 + "]" * 30)}), 422),
    "endless text": (body(text="น" * 9000), 422),
    "more than a megabyte": (body(text="x" * 1_100_000), 413),
    "odd phone": (body(contact={"phone": "0x12345678"}), 422),
    "odd e-mail": (body(contact={"email": "a@b"}), 422),
    "odd language": (body(contact={"language": "ภาษาไทย"}), 422),
}


async def test_every_bad_body_gets_its_exact_status_and_no_echo(desk: Desk) -> None:
    client = desk.officer
    for name, (content, status) in CORPUS.items():
        answer = await client.post(URL, content=content, headers=JSON)
        assert answer.status_code == status, (name, answer.text)
        assert answer.headers["content-type"] == "application/problem+json", name
        for echoed in ("สมชาย", SECRET, "citizen_id_value", "1100000000000"):
            assert echoed not in answer.text, name
    assert await desk.system.sql("SELECT * FROM intake.cases") == []


async def test_bad_requests_around_a_good_body_get_their_exact_status(desk: Desk) -> None:
    officer = desk.officer
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16"):
        assert (await officer.post(URL, content=body(), headers={"Content-Type": kind})).status_code == 415
    assert (await officer.post(URL, content=body(), headers={**JSON, "Content-Encoding": "gzip"})).status_code == 415
    assert (await officer.put(URL, content=body(), headers=JSON)).status_code == 405
    assert (await officer.post(f"{URL}?dry=1", content=body(), headers=JSON)).status_code == 422
    assert (await officer.post(URL, content=body(), headers={**JSON, "Idempotency-Key": "k " * 100})).status_code == 400
    assert (await desk.system.anonymous().post(URL, content=body(), headers=JSON)).status_code == 401
    assert (await desk.system.api("survey_caller").post(URL, content=body(), headers=JSON)).status_code == 403
    for query in (
        "limit=0",
        "limit=999999999999999999999",
        "limit=1.5",
        "cursor=%00",
        "cursor=AAAA",
        "state=open",
        "offset=5",
    ):
        assert (await officer.get(f"{URL}?{query}")).status_code == 422, query
    assert (await officer.get(f"{URL}/0198c7b2-0000-7000-8000-000000000001")).status_code == 404
    for path in ("/cases/search?q=%25%25%25", "/cases/search?q=", "/counts?day=2569-02-03", "/counts?day=yesterday"):
        assert (await officer.get(f"/intake/v1{path}")).status_code == 422, path


async def test_dirty_input_is_cleaned_rather_than_refused(desk: Desk) -> None:
    case = await desk.register(
        text="นํ้าไม่ไหล\u202e\u0000".replace("\u0000", ""), contact={"phone": "+66 ๘๑-๒๓๔-๕๖๗๘", "name": "  สมชาย \u200b"}
    )
    card = (await desk.officer.get(f"{URL}/{case['id']}/contact?purpose=audit")).json()
    assert card["text"] == "น้ำไม่ไหล"
    assert (card["phone"], card["name"]) == ("+66812345678", "สมชาย")


@pytest.mark.parametrize("field", ["origin", "origin_reference"])
@pytest.mark.parametrize(
    "personal", ["081-234-5678", "คุณสมชาย 0812345678", "โทร\n๐๘๑ ๒๓๔ ๕๖๗๘", "1-1002-00345-67-8", "somchai@example.com"]
)
async def test_an_origin_that_names_a_person_is_refused_because_it_is_passed_on(
    desk: Desk, field: str, personal: str
) -> None:
    changed = {"origin": "gcc_1111", "origin_reference": "1111/99", field: personal}
    answer = await desk.officer.post(URL, content=body(**changed), headers=JSON)
    assert answer.status_code == 422, answer.text
    assert "personal_data_in_text" in answer.text
    assert personal not in answer.text
    assert await desk.system.sql("SELECT * FROM intake.outbox") == []


async def test_the_references_of_other_systems_are_taken_as_they_are(desk: Desk) -> None:
    references = ("2022-32AZFH", "1111/99", "6902031234", "มท 5530-1/2569", "01980812-3456-7890-a081-234567812345")
    for reference in references:
        case = await desk.register(desk.officer, origin="gcc_1111", origin_reference=reference)
        assert (await desk.get(case["id"]))["origin_reference"] == reference


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(changes=st.dictionaries(st.sampled_from([*COMPLAINT, "origin_reference", "branch", "x"]), VALUES, max_size=3))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_no_body_at_all_is_answered_with_5xx(desk: Desk, changes: dict[str, Any]) -> None:
    content = json.dumps({**COMPLAINT, **changes}).encode()
    answer = await desk.officer.post(URL, content=content, headers=JSON)
    assert answer.status_code in (200, 201, 400, 422), answer.text


async def test_the_interface_is_described_with_examples_in_thai_and_every_error(desk: Desk) -> None:
    document = (await desk.system.anonymous().get("/intake/openapi.json")).json()
    create = document["paths"][URL]["post"]
    assert {"201", "401", "403", "409", "413", "415", "422"} <= create["responses"].keys()
    assert "น้ำไม่ไหล" in json.dumps(document, ensure_ascii=False)
    for path, verbs in document["paths"].items():
        for verb, described in verbs.items():
            assert described.get("summary"), (path, verb)
            assert described.get("tags"), (path, verb)
