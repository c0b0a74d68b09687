"""What is written about the running system holds nobody's data."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from shared.observability import logs, metrics, trace
from shared.observability.privacy import describe_error, mask, mask_text


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    logs.configure_logs("info")
    yield stream
    root.handlers[:], root.level = before[0], before[1]
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_one_json_object_with_the_trace(written: io.StringIO) -> None:
    structlog.contextvars.bind_contextvars(traceparent="00-a-b-01", service="intake")
    structlog.get_logger("intake").info("case registered", case_id="0198c7b2", office="1102", count=3)
    logging.getLogger("plain").warning("%s things", 3)
    first, second = lines(written)
    assert (first["event"], first["level"], first["traceparent"], first["count"]) == (
        "case registered", "info", "00-a-b-01", 3,
    )  # fmt: skip
    assert (second["event"], second["logger"], second["service"]) == ("3 things", "plain", "intake")


def test_personal_fields_and_what_looks_like_one_are_hidden(written: io.StringIO) -> None:
    log = structlog.get_logger()
    log.info(
        "sms to 081-234-5678",
        phone="+66812345678",
        Email="a@b.co.th",
        note="โทร ๐๘๑๒๓๔๕๖๗๘",
        name="สมชาย",
        line_id="U1",
    )
    log.info("nested", data={"text": "สมชาย", "list": ["1101400123456", {"name": "สมชาย"}], "n": 5}, who={"a@b.co.th"})
    logging.getLogger("lib").error("failed for %s", "somchai@example.com")
    text = written.getvalue()
    for secret in ("812345678", "5678", "a@b", "สมชาย", "1101400123456", "somchai", "U1", "๐๘๑"):
        assert secret not in text
    assert lines(written)[1]["data"]["n"] == 5


def test_numbers_that_are_not_personal_stay_readable() -> None:
    harmless = [
        "1102-2569-000001",
        "0198c7b2-0000-7000-8000-000000000001",
        "took 0.123456 s",
        "2026-02-03T02:00:00Z",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "port 54321",
        "12345 rows",
    ]
    assert [mask_text(each) for each in harmless] == harmless
    assert mask({"n": 1, "flag": True, "none": None}) == {"n": 1, "flag": True, "none": None}


def test_an_error_is_told_by_type_and_place_and_never_by_its_text(written: io.StringIO) -> None:
    def fail() -> None:
        try:
            raise KeyError("สมชาย")
        except KeyError as cause:
            raise ValueError("0812345678 สมชาย") from cause

    told: dict[str, object] = {}
    try:
        fail()
    except ValueError as error:
        told = describe_error(error)
        logging.getLogger("lib").exception("it failed")
        structlog.get_logger().error("it failed", exc_info=True)
    assert told["error"] == "builtins.ValueError"
    for line in lines(written):
        assert [each["type"] for each in line["errors"]] == ["builtins.ValueError", "builtins.KeyError"]
        assert "test_observability.py" in line["errors"][0]["frames"][-1]
    assert "สมชาย" not in written.getvalue()


def test_a_level_below_the_chosen_one_is_not_written(written: io.StringIO) -> None:
    structlog.get_logger("x").debug("nothing")
    logging.getLogger("uvicorn.access").info("GET /track/0812345678")
    assert written.getvalue() == ""


def test_every_metric_is_declared_once_under_our_name() -> None:
    text, media_type = metrics.exposition()
    names = [line.split()[2] for line in text.decode().splitlines() if line.startswith("# TYPE")]
    assert len(names) == len(set(names))
    ours = [name for name in names if name.startswith("pwa_")]
    wanted = {
        "pwa_outbox_pending",
        "pwa_outbox_oldest_seconds",
        "pwa_consumer_lag",
        "pwa_sla_clock_blind",
        "pwa_timer_lateness_seconds",
        "pwa_parked_total",
        "pwa_loop_steps_total",
        "pwa_notices_total",
    }
    assert wanted <= set(ours)
    assert media_type.startswith("text/plain")


def test_a_new_trace_is_well_formed_and_its_own() -> None:
    one, other = trace.new_traceparent(), trace.new_traceparent()
    assert trace.accept(one) == one
    assert trace.trace_id(one) != trace.trace_id(other)
    assert len(trace.trace_id(one)) == 32
