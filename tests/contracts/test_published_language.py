"""The published language may only grow: golden files, generated pages, and no personal data outside the cards."""

import inspect
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import jsonschema_rs
import pytest

from shared.contracts import base, docs
from shared.contracts import registry as registry_module
from shared.contracts.base import COMPACTED, PUBLISHERS, TOPICS, Event
from shared.contracts.envelope import Envelope, Unreadable, read
from shared.contracts.registry import registry

GOLDEN = Path(__file__).parent / "golden"
KINDS = sorted(registry().items())
PERSONAL = {"name", "phone", "line_id", "email", "place", "meter", "account", "text", "address"}


def golden_of(type_name: str, folder: Path = GOLDEN) -> dict[str, Any]:
    """The event as it was written when its type was new."""
    file = folder / f"{type_name}.json"
    if not file.exists():
        pytest.fail(
            f"{type_name} has no golden file. Write {file.name} in tests/contracts/golden: the data of one such event "
            'with every field as it is sent, and never change it afterwards (CONTRIBUTING.md, "Add an event").',
            pytrace=False,
        )
    golden: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return golden


def test_a_missing_golden_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(pytest.fail.Exception, match=r"Write pwa\.new\.thing\.v1\.json in tests/contracts/golden"):
        golden_of("pwa.new.thing.v1", tmp_path)


def test_the_registry_loads_every_module_that_has_events() -> None:
    files = Path(base.__file__).parent.glob("*.py")
    with_events = {file.stem for file in files if "\n@event(" in file.read_text(encoding="utf-8")}
    assert len(with_events) > 5
    assert with_events <= set(re.findall(r"\w+", inspect.getsource(registry_module)))


@pytest.mark.parametrize(("type_name", "kind"), KINDS, ids=[name for name, _ in KINDS])
def test_an_event_written_when_the_type_was_new_is_still_read_and_written_alike(
    type_name: str, kind: type[Event]
) -> None:
    golden = golden_of(type_name)
    event = kind.model_validate(golden)
    written = event.model_dump(mode="json")
    assert {name: written[name] for name in golden} == golden
    assert kind.model_validate({**golden, "a_field_of_tomorrow": 1}) == event


@pytest.mark.parametrize(("type_name", "kind"), KINDS, ids=[name for name, _ in KINDS])
def test_a_field_that_was_required_when_the_type_was_new_is_all_that_is_required(
    type_name: str, kind: type[Event]
) -> None:
    golden = golden_of(type_name)
    required = set(kind.model_json_schema().get("required", ()))
    assert required <= set(golden), "a new field must be optional, or the event a new version"


def test_every_type_stands_on_its_publishers_topic_and_ends_in_its_version() -> None:
    for type_name, kind in KINDS:
        assert kind.TOPIC in TOPICS
        assert type_name.startswith("pwa.")
        assert type_name.rsplit(".", 1)[1] in {"v1", "v2", "v3"}
    assert {topic for topics in PUBLISHERS.values() for topic in topics} == set(TOPICS)


def test_only_the_contact_card_has_fields_for_personal_data() -> None:
    for type_name, kind in KINDS:
        if kind.TOPIC not in COMPACTED:
            assert not PERSONAL & set(kind.model_fields), type_name


def test_the_generated_pages_are_the_committed_ones() -> None:
    assert (docs.DOCS / "events.md").read_text(encoding="utf-8") == docs.events_page(), "run `make docs`"
    assert (docs.DOCS / "asyncapi.yaml").read_text(encoding="utf-8") == docs.asyncapi_page(), "run `make docs`"


def test_the_schemas_of_the_generated_page_accept_the_golden_events() -> None:
    schemas = docs.asyncapi()["components"]["schemas"]
    for type_name, kind in KINDS:
        golden = golden_of(type_name)
        jsonschema_rs.validate(schemas[kind.__name__], golden)


def _envelope(**changes: Any) -> Envelope:
    at = datetime(2026, 2, 3, 2, 0, tzinfo=UTC)
    fields: dict[str, Any] = {
        "event_id": UUID(int=7), "type": "pwa.intake.case-accepted.v1", "topic": "pwa.intake.v1", "key": "k",
        "seq": 3, "recorded_at": at, "stream_began_at": at, "source": "/pwa/intake", "traceparent": None,
        "data": {"case_id": "x"},
    }  # fmt: skip
    return Envelope(**{**fields, **changes})


def test_an_envelope_is_read_as_it_was_written() -> None:
    written = _envelope(traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    assert read(written.topic, written.key, written.body(), written.headers()) == written


def test_a_tombstone_is_read_from_its_headers_alone_and_only_on_a_compacted_topic() -> None:
    tomb = _envelope(topic="pwa.intake.contacts.v1", data=None)
    assert read(tomb.topic, tomb.key, None, tomb.headers()) == tomb
    with pytest.raises(Unreadable):
        read("pwa.intake.v1", tomb.key, None, tomb.headers())


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"\xff\xfe",
        b"{}",
        b'{"data": 1}',
        b'{"data": {}, "subject": "k"}',
        b"[" * 9000,
    ],
)
def test_whatever_is_not_an_envelope_is_refused_without_repeating_it(value: bytes) -> None:
    with pytest.raises(Unreadable) as refused:
        read("pwa.intake.v1", "k", value, {})
    assert "not an event envelope" in str(refused.value)


@pytest.mark.parametrize("text", ["\\u0000", "\\ud800"])
def test_an_event_that_no_table_can_hold_is_refused_as_unreadable(text: str) -> None:
    written = _envelope(data={"reason": "#"})
    body = (written.body() or b"").replace(b"#", text.encode())
    with pytest.raises(Unreadable):
        read(written.topic, written.key, body, written.headers())
