"""Bad input gets its exact status, a problem document, and never an echo (reliability.md, "Bad input")."""

import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.shared.web_world import NewCase, World, edge  # noqa: F401 - a fixture

GOOD = {"channel": "line", "text": "น้ำไม่ไหลตั้งแต่เช้า"}
JSON = {"Content-Type": "application/json"}
SECRET = "0812345678"


def deep(levels: int) -> bytes:
    inner = b"[" * (levels - 1) + b"]" * (levels - 1)
    return b'{"channel":' + inner + b"}"


def body(**changed: Any) -> bytes:
    return json.dumps({**GOOD, **changed}).encode()


UNPARSABLE = {
    "an empty body": (b"", 400, "body_required"),
    "a truncated body": (b'{"channel": "li', 400, "not_json"),
    "text after the document": (b"{} x", 400, "not_json"),
    "invalid UTF-8": (b'{"channel": "\xff"}', 400, "not_utf8"),
    "a surrogate in UTF-8": (b'{"channel": "\xed\xa0\x80"}', 400, "not_utf8"),
    "UTF-16 with a mark": ('{"a": 1}'.encode("utf-16"), 400, "byte_order_mark"),
    "UTF-16 without one": ('{"a": 1}'.encode("utf-16-le"), 400, "not_json"),
    "a byte order mark": (b"\xef\xbb\xbf{}", 400, "byte_order_mark"),
    "NaN": (b'{"ratio": NaN}', 400, "not_json"),
    "Infinity": (b'{"ratio": -Infinity}', 400, "not_json"),
    "a key twice": (b'{"channel": "line", "channel": "line"}', 400, "duplicate_key"),
    "a key twice inside": (b'{"contact": {"phone": null, "phone": null}}', 400, "duplicate_key"),
    "a raw control character": (b'{"channel": "a\x00"}', 400, "not_json"),
    "an escaped NUL": (b'{"channel": "a\\u0000"}', 422, "forbidden_character"),
    "half a surrogate pair": (b'{"channel": "a\\ud83d"}', 422, "forbidden_character"),
    "half a pair in a key": (b'{"\\udead": 1}', 422, "forbidden_character"),
    "half a pair deep inside": (b'{"others": [{"phone": ["\\udead"]}]}', 422, "forbidden_character"),
    "more than twenty levels": (deep(21), 422, "too_deep"),
    "a hundred thousand levels": (deep(100_000), 422, "too_deep"),
    "2^63": (body(count=2**63), 422, "number_out_of_range"),
    "a thousand digits": (b'{"count": ' + b"9" * 5000 + b"}", 422, "number_out_of_range"),
    "1e400": (b'{"ratio": 1e400}', 422, "number_out_of_range"),
}


@pytest.mark.parametrize("what", UNPARSABLE)
async def test_what_is_no_acceptable_json_is_refused(edge: World, what: str) -> None:
    content, status, code = UNPARSABLE[what]
    async with edge.client() as client:
        answer = await client.post("/intake/v1/cases", content=content, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"


async def test_twenty_levels_and_a_whole_surrogate_pair_are_json_like_any_other(edge: World) -> None:
    async with edge.client() as client:
        nested = await client.post("/intake/v1/cases", content=deep(20), headers=JSON)
        smile = await client.post(
            "/intake/v1/cases", content=b'{"channel":"line","text":"\\ud83d\\ude00"}', headers=JSON
        )
    assert nested.status_code == 422
    assert nested.json()["code"] != "too_deep"
    assert smile.json()["text"] == "😀"


VALUES: dict[str, tuple[dict[str, Any], str, str]] = {
    "blank text": ({"text": " \u200b\u3164\n"}, "blank_text", "#/text"),
    "a naive time": ({"received_at": "2026-02-03T09:00:00"}, "naive_time", "#/received_at"),
    "a time as a number": ({"received_at": 0}, "bad_time", "#/received_at"),
    "a time as digits": ({"received_at": "1770000000"}, "bad_time", "#/received_at"),
    "30 February": ({"received_at": "2026-02-30T09:00:00Z"}, "bad_time", "#/received_at"),
    "a Buddhist-era year": ({"received_at": "2569-02-03T09:00:00+07:00"}, "buddhist_era_year", "#/received_at"),
    "the year 9999": ({"received_at": "9999-12-31T23:59:59-23:00"}, "absurd_time", "#/received_at"),
    "the year 1": ({"received_at": "0001-01-01T00:00:00+23:00"}, "absurd_time", "#/received_at"),
    "a boolean for a number": ({"count": True}, "int_type", "#/count"),
    "a text for a number": ({"count": "1"}, "int_type", "#/count"),
    "a fraction for a whole number": ({"count": 1.5}, "int_type", "#/count"),
    "a number for a boolean": ({"urgent": 1}, "bool_type", "#/urgent"),
    "a number for a text": ({"channel": 5}, "string_type", "#/channel"),
    "null for a text": ({"channel": None}, "string_type", "#/channel"),
    "an unknown branch": ({"branch": "9999"}, "unknown_branch", "#/branch"),
    "a masked phone": ({"contact": {"phone": "08x-xxx-1234"}}, "masked_value", "#/contact/phone"),
    "no phone at all": ({"contact": {"phone": "call me"}}, "bad_phone", "#/contact/phone"),
    "a broken address": ({"contact": {"email": "a@b"}}, "bad_email", "#/contact/email"),
    "a kind that is none": ({"kind": SECRET}, "literal_error", "#/kind"),
    "no UUID": ({"reference": SECRET}, "uuid_parsing", "#/reference"),
    "a phone in a public text": ({"note": f"โทร {SECRET}"}, "personal_data_in_text", "#/note"),
    "too many": ({"others": [{}, {}, {}, {}]}, "too_long", "#/others"),
    "a text too long": ({"text": "ก" * 4001}, "string_too_long", "#/text"),
}


@pytest.mark.parametrize("what", VALUES)
async def test_a_value_that_is_not_acceptable_is_refused_by_name(edge: World, what: str) -> None:
    changed, code, pointer = VALUES[what]
    async with edge.client() as client:
        answer = await client.post("/intake/v1/cases", content=body(**changed), headers=JSON)
    problem = answer.json()
    assert answer.status_code == 422
    assert (problem["code"], [each["pointer"] for each in problem["errors"]]) == (code, [pointer])
    assert SECRET not in answer.text


@pytest.mark.parametrize(
    ("changed", "pointer", "nearest"),
    [
        ({"chanel": "x"}, "#/chanel", "channel"),
        ({"assignees": []}, "#/assignees", None),
        ({"contact": {"fone": SECRET}}, "#/contact/fone", "phone"),
        ({"others": [{"emial": SECRET}]}, "#/others/0/emial", "email"),
        ({SECRET: 1}, "#/*", None),
    ],
)
async def test_an_unknown_field_is_refused_naming_the_nearest_known_one(
    edge: World, changed: dict[str, Any], pointer: str, nearest: str | None
) -> None:
    async with edge.client() as client:
        answer = await client.post("/intake/v1/cases", content=body(**changed), headers=JSON)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "unknown_field")
    assert problem["errors"][0]["pointer"] == pointer
    assert problem["errors"][0]["nearest"] == nearest or nearest is None
    assert SECRET not in answer.text


@pytest.mark.parametrize("content", [b"[]", b'"x"', b"5", b"null"])
async def test_a_document_that_is_no_object_is_refused(edge: World, content: bytes) -> None:
    async with edge.client() as client:
        answer = await client.post("/intake/v1/cases", content=content, headers=JSON)
    assert answer.status_code == 422


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "application/json; charset=utf-16"},
        {"Content-Type": "application/xml"},
        {},
        {**JSON, "Content-Encoding": "gzip"},
    ],
)
async def test_other_content_types_and_encodings_are_refused(edge: World, headers: dict[str, str]) -> None:
    async with edge.client() as client:
        answer = await client.post("/intake/v1/cases", content=body(), headers=headers)
    assert answer.status_code == 415


QUERIES = {
    "limit=0": "greater_than_equal",
    "limit=-5": "greater_than_equal",
    "limit=201": "less_than_equal",
    "limit=99999999999999999999": "less_than_equal",
    "limit=ten": "int_parsing",
    "limit=": "int_parsing",
    "cursor=garbage": "bad_cursor",
    "cursor=WyJhIl0": "bad_cursor",  # ["a"], where a number belongs
    "cursor=W10": "bad_cursor",  # []
    "cursor=" + "Ww" * 500: "bad_cursor",
    "cursor=ก": "bad_cursor",
    "cursor=" + "a" * 3000: "string_too_long",
    "cursor=%00": "forbidden_character",
    "state=%ff": "target_not_utf8",
    "state=%ed%a0%80": "target_not_utf8",
    "stat=open": "unknown_parameter",
}


@pytest.mark.parametrize("query", QUERIES)
async def test_a_query_that_makes_no_sense_is_refused(edge: World, query: str) -> None:
    async with edge.client() as client:
        answer = await client.get(f"/intake/v1/cases?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, QUERIES[query])


async def test_a_path_with_nul_is_refused_and_an_unknown_one_is_not_found(edge: World) -> None:
    async with edge.client() as client:
        nul = await client.get("/intake/v1/things/%00")
        unknown = await client.get("/intake/v1/nothing")
        slash = await client.get("/intake/v1/cases/")
    assert (nul.status_code, unknown.status_code, slash.status_code) == (422, 404, 404)


async def test_another_method_is_refused_naming_those_that_are_known(edge: World) -> None:
    async with edge.client() as client:
        answer = await client.delete("/intake/v1/cases")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")


async def test_a_version_must_be_named_and_well_formed(edge: World) -> None:
    statuses = []
    async with edge.client() as client:
        for headers in ({}, {"If-Match": "3"}, {"If-Match": "*"}, {"If-Match": 'W/"3"'}, {"If-Match": '"1", "2"'}):
            answer = await client.put("/intake/v1/things/1", json={"id": 1, "name": "x"}, headers=headers)
            statuses.append(answer.status_code)
    assert statuses == [428, 400, 400, 400, 400]


async def test_an_idempotency_key_must_be_printable(edge: World) -> None:
    async with edge.client() as client:
        answer = await client.post("/intake/v1/things", json={"id": 1, "name": "x"}, headers={"Idempotency-Key": "a b"})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_idempotency_key")


async def test_many_errors_are_all_named(edge: World) -> None:
    async with edge.client() as client:
        answer = await client.post("/intake/v1/cases", json={"text": " ", "count": "1"})
    problem = answer.json()
    assert problem["code"] == "invalid"
    assert {each["pointer"] for each in problem["errors"]} == {"#/channel", "#/text", "#/count"}


VALUES_OF_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
FIELDS = st.sampled_from([*NewCase.model_fields, "phone", "nonsense"])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.binary(max_size=200)
    | st.dictionaries(FIELDS, VALUES_OF_JSON, max_size=6).map(json.dumps).map(str.encode)
)
async def test_whatever_is_sent_is_never_a_server_error(edge: World, content: bytes) -> None:
    async with edge.client() as client:
        answer = await client.post("/intake/v1/cases", content=content, headers=JSON)
    assert answer.status_code in {201, 400, 422}
    if answer.status_code != 201:
        assert answer.headers["content-type"] == "application/problem+json"


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(["cursor", "limit", "state", "other"]), value=st.binary(max_size=40))
async def test_whatever_is_asked_is_never_a_server_error(edge: World, name: str, value: bytes) -> None:
    async with edge.client() as client:
        answer = await client.get(f"/intake/v1/cases?{name}={quote(value)}")
    assert answer.status_code in {200, 422}
