"""What the Kafka adapter needs no broker for: the plan of topics, the way to the broker, what it says and how often."""

import logging
import ssl
from pathlib import Path

import certifi
import pytest

from shared.contracts.base import CONTACTS, TOPICS
from shared.messaging.kafka.health import Health
from shared.messaging.kafka.quiet import Repeats
from shared.messaging.kafka.topics import plan
from shared.messaging.settings import KafkaSettings

DAY_MS = 86_400_000


def test_the_plan_names_the_topics_of_the_contracts() -> None:
    planned = plan()

    assert set(planned) == set(TOPICS)
    assert {topic.partitions for topic in planned.values()} == {6}
    assert {topic.replication for topic in planned.values()} == {3}
    assert {topic.config["min.insync.replicas"] for topic in planned.values()} == {"2"}
    assert {name for name, topic in planned.items() if topic.config["cleanup.policy"] == "compact"} == {CONTACTS}


def test_an_erased_card_is_gone_within_a_day_and_its_tombstone_outlives_every_consumers_lag() -> None:
    config = plan()[CONTACTS].config

    assert int(config["segment.ms"]) + int(config["max.compaction.lag.ms"]) <= DAY_MS
    assert int(config["delete.retention.ms"]) > int(config["retention.ms"]) == 35 * DAY_MS


def test_on_a_single_broker_the_topics_ask_for_one_replica() -> None:
    topic = plan()[CONTACTS].on(1, "t1.")

    assert (topic.name, topic.replication_factor) == (f"t1.{CONTACTS}", 1)
    assert topic.topic_configs["min.insync.replicas"] == "1"


def test_the_way_to_the_broker_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "k1:9093,k2:9093")
    monkeypatch.setenv("KAFKA_SECURITY_PROTOCOL", "SASL_SSL")
    monkeypatch.setenv("KAFKA_SASL_MECHANISM", "SCRAM-SHA-512")
    monkeypatch.setenv("KAFKA_SASL_USERNAME", "pwa")
    monkeypatch.setenv("KAFKA_SASL_PASSWORD", "secret")
    monkeypatch.setenv("KAFKA_SSL_CAFILE", str(Path(certifi.where())))

    settings = KafkaSettings()
    connection = settings.connection()

    assert connection["bootstrap_servers"] == "k1:9093,k2:9093"
    assert connection["sasl_plain_password"] == "secret"
    assert connection["ssl_context"].verify_mode == ssl.CERT_REQUIRED
    assert "secret" not in repr(settings)


@pytest.mark.parametrize(("protocol", "encrypted"), [("PLAINTEXT", False), ("SASL_PLAINTEXT", False), ("SSL", True)])
def test_only_the_ssl_protocols_encrypt(protocol: str, encrypted: bool) -> None:
    settings = KafkaSettings.for_tests("k:9092", security_protocol=protocol)

    assert (settings.connection()["ssl_context"] is not None) is encrypted


def test_a_broker_is_a_problem_only_after_it_has_been_away_for_a_while() -> None:
    now = [0.0]
    health = Health(10, monotonic=lambda: now[0])

    health.failed(TimeoutError())
    assert health.problems() == []
    now[0] = 12
    assert health.problems() == ["kafka has been away for 12 s (TimeoutError)"]
    health.answered()
    assert health.problems() == []


def test_the_same_complaint_is_logged_once_in_a_while() -> None:
    now = [100.0]
    repeats = Repeats(30, monotonic=lambda: now[0])
    record = logging.LogRecord("aiokafka.cluster", logging.ERROR, "", 0, "Topic %s not found", ("x",), None)

    assert [repeats.filter(record) for _ in range(3)] == [True, False, False]
    now[0] += 31
    assert repeats.filter(record)
