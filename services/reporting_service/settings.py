"""Settings of reporting (environment variables PWA_REPORTING_…)."""

from datetime import timedelta

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class ReportingSettings(BaseSettings):
    """When packs are made and how they are sent. The defaults fit one development machine."""

    model_config = SettingsConfigDict(env_prefix="PWA_REPORTING_", frozen=True, extra="ignore")

    batch: int = Field(200, ge=1, le=5000, description="facts folded, and feed places given, in one transaction")
    pack_hour: int = Field(6, ge=0, le=23, description="hour (Bangkok) at which the packs of the day before are made")
    pack_grace: timedelta = Field(timedelta(hours=2), description="how long packs wait for facts still on their way")
    starting_mailbox: str = Field(
        "pack-region-{region:02d}@pwa.example",
        description="first recipient of every region, until others are set; empty for none",
    )
    smtp_host: str = "127.0.0.1"
    smtp_port: int = Field(8025, ge=1, le=65535)
    smtp_tls: bool = Field(False, description="TLS from the first byte")
    smtp_user: str | None = None
    smtp_password: SecretStr | None = None
    smtp_sender: str = "no-reply@pwa.example"
    send_timeout: timedelta = timedelta(seconds=10)
    lease: timedelta = Field(timedelta(minutes=2), description="after this a sender that has not reported is given up")
    first_pause: timedelta = timedelta(minutes=1)
    longest_pause: timedelta = timedelta(hours=6)
    most_attempts: int = Field(12, ge=1, le=100)
    ois_grace: timedelta = Field(timedelta(minutes=15), description="unacknowledged for longer counts as missing")
