"""Where Kafka is and how to reach it, from the environment (KAFKA_…)."""

import ssl
from pathlib import Path
from typing import Any, Literal

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class KafkaSettings(BaseSettings):
    """Times are in seconds. The defaults suit production; `for_tests` gives the quick profile."""

    model_config = SettingsConfigDict(env_prefix="KAFKA_", frozen=True)

    bootstrap_servers: str = "127.0.0.1:9092"
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "PLAIN"
    sasl_username: str | None = None
    sasl_password: SecretStr | None = None
    ssl_cafile: Path | None = None

    topic_prefix: str = (
        ""  # stands before every topic, group and transactional id, so that strangers can share a broker
    )
    create_topics: bool = True  # False where the agency makes the topics and grants no right to

    ack_within: float = 10.0  # a delivery that is not acknowledged by then has failed
    start_within: float = 30.0
    commit_within: float = 10.0
    close_within: float = 5.0
    away_after: float = 10.0  # a broker that does not answer for so long is a problem
    probe_every: float = 5.0
    transaction_timeout: float = 15.0  # a frozen leader's open transaction holds readers up no longer
    idle: float = 0.25  # a fetch that finds nothing comes back after this
    fetch_wait: float = 0.05  # what the broker may wait for data before it answers a fetch
    batch: int = 500
    session_timeout: float = 10.0
    heartbeat: float = 3.0
    backoff_first: float = 0.25
    backoff_most: float = 10.0

    @classmethod
    def for_tests(cls, bootstrap: str, prefix: str = "", **changes: Any) -> "KafkaSettings":
        """Short waits, quick rebalances: one local node and many short-lived groups."""
        quick: dict[str, Any] = {
            "idle": 0.02,
            "fetch_wait": 0.01,
            "session_timeout": 2.0,
            "heartbeat": 0.1,
            "ack_within": 5.0,
            "close_within": 2.0,
            "away_after": 1.0,
            "probe_every": 0.5,
            "backoff_first": 0.05,
            "backoff_most": 0.5,
        }
        return cls(bootstrap_servers=bootstrap, topic_prefix=prefix, **(quick | changes))

    def connection(self) -> dict[str, Any]:
        """What every aiokafka client is told about the way to the broker."""
        password = self.sasl_password.get_secret_value() if self.sasl_password else None
        return {
            "bootstrap_servers": self.bootstrap_servers,
            "security_protocol": self.security_protocol,
            "ssl_context": self._ssl_context(),
            "sasl_mechanism": self.sasl_mechanism,
            "sasl_plain_username": self.sasl_username,
            "sasl_plain_password": password,
        }

    def _ssl_context(self) -> ssl.SSLContext | None:
        if "SSL" not in self.security_protocol.split("_"):
            return None
        return ssl.create_default_context(cafile=str(self.ssl_cafile) if self.ssl_cafile else None)
