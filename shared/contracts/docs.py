"""Writes docs/events.md and docs/asyncapi.yaml from the contracts; `make docs`. CI compares them."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from shared.contracts.base import COMPACTED, TOPICS, CaseEvent, Event
from shared.contracts.registry import registry
from shared.kernel.words import Kind

DOCS = Path(__file__).resolve().parents[2] / "docs"
_KEYS = {
    "pwa.intake.contacts.v1": "case id; compacted: the newest card wins, a tombstone erases it",
    "pwa.ois.v1": "case id",
}


def _by_topic() -> dict[str, list[type[Event]]]:
    kinds = sorted(registry().values(), key=lambda kind: kind.TYPE)
    return {topic: [kind for kind in kinds if topic == kind.TOPIC] for topic in TOPICS}


def _type_name(schema: Mapping[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(_type_name(each) for each in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {_type_name(schema.get('items', {}))}"
    return str(schema.get("format") or schema.get("type", "any"))


def _values(schema: Mapping[str, Any]) -> list[str]:
    """The known values of a field; a later release may send others."""
    inner = [*schema.get("anyOf", ()), schema.get("items", {})]
    return [*schema.get("x-extensible-enum", ()), *(value for part in inner if part for value in _values(part))]


def _summary(kind: type[Event]) -> str:
    return (kind.__doc__ or "").strip()


def _fields(kind: type[Event]) -> list[str]:
    schema = kind.model_json_schema(mode="serialization")
    inherited = set(CaseEvent.model_fields) if issubclass(kind, CaseEvent) else set()
    required = set(kind.model_json_schema(mode="validation").get("required", ()))
    return [
        f"| `{name}` | {_type_name(about)} | {'yes' if name in required else 'no'} | {', '.join(_values(about))} |"
        for name, about in schema["properties"].items()
        if name not in inherited
    ]


def events_page() -> str:
    """docs/events.md."""
    lines = [
        "# Events", "",
        "Generated from `shared/contracts` by `make docs`; do not edit.", "",
        "Envelope: CloudEvents 1.0, structured JSON: `id` (uuid7), `source`, `type`, `subject` (the message key),",
        "`time`, `traceparent`, `sequence` (without gaps within topic and key), `streambegan` (when the key's first",
        "event was recorded). The same attributes stand in the message headers as `ce_…`. Every event about a case",
        "carries `case_id`, `office`, `region`, `kind`, `restricted` and `cycle`. Values are those known now: a reader",
        "lives with others. Of `kind` they are: " + ", ".join(Kind) + ".", "",
    ]  # fmt: skip
    for topic, kinds in _by_topic().items():
        lines += [
            f"## {topic}",
            "",
            f"Key: {_KEYS.get(topic, 'case id, or the id of another aggregate')}.",
            "",
        ]
        for kind in kinds:
            lines += [
                f"### `{kind.TYPE}`",
                "",
                _summary(kind),
                "",
                "| field | type | required | values |",
                "|---|---|---|---|",
            ]
            lines += [*_fields(kind), ""]
    return "\n".join(lines).rstrip() + "\n"


def asyncapi() -> dict[str, Any]:
    """The AsyncAPI 3.0 document."""
    messages: dict[str, Any] = {}
    schemas: dict[str, Any] = {}
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    for topic, kinds in _by_topic().items():
        for kind in kinds:
            schemas[kind.__name__] = kind.model_json_schema(mode="serialization")
            messages[kind.__name__] = {
                "name": kind.TYPE,
                "summary": _summary(kind),
                "contentType": "application/cloudevents+json",
                "payload": {"$ref": f"#/components/schemas/{kind.__name__}"},
            }
        name = topic.replace(".", "-")
        channels[name] = {
            "address": topic,
            "description": "compacted" if topic in COMPACTED else "kept 35 days",
            "messages": {kind.__name__: {"$ref": f"#/components/messages/{kind.__name__}"} for kind in kinds},
        }
        operations[f"send-{name}"] = {"action": "send", "channel": {"$ref": f"#/channels/{name}"}}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "PWA Complaints",
            "version": "1",
            "description": "The payload is the `data` of a CloudEvents 1.0 envelope.",
        },
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages, "schemas": schemas},
    }


def asyncapi_page() -> str:
    """docs/asyncapi.yaml."""
    body = yaml.safe_dump(asyncapi(), allow_unicode=True, sort_keys=False, width=120)
    return "# Generated from shared/contracts by `make docs`; do not edit.\n" + body


def main() -> int:
    (DOCS / "events.md").write_text(events_page(), encoding="utf-8")
    (DOCS / "asyncapi.yaml").write_text(asyncapi_page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
