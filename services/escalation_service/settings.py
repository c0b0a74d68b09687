"""Settings of escalation (environment variables PWA_ESCALATION_…)."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class EscalationSettings(BaseSettings):
    """How the ladder's timer runs and how officers are told; what it does is data in the tables."""

    model_config = SettingsConfigDict(env_prefix="PWA_ESCALATION_", frozen=True, extra="ignore")

    batch: int = Field(200, ge=1, le=5000, description="ladders fired in one transaction")
    export_rows: int = Field(20_000, ge=1, le=200_000, description="lines that one spreadsheet may hold")
    env: str = Field(
        "development", validation_alias="PWA_ENV", description="'production' forbids webhooks of this machine"
    )

    smtp_host: str = Field("127.0.0.1", description="mail server; empty: no e-mail is sent")
    smtp_port: int = Field(8025, ge=1, le=65535)
    smtp_tls: bool = Field(False, description="TLS from the first byte")
    smtp_user: str | None = None
    smtp_password: SecretStr | None = None
    smtp_sender: str = "no-reply@pwa.example"
    line_url: str = Field("http://127.0.0.1:8092", description="base URL of LINE's messaging API; empty: not used")
    line_token: SecretStr = SecretStr("development")
    webhook_secret: SecretStr = Field(
        SecretStr("whsec_ZGV2ZWxvcG1lbnQgb2ZmaWNlcnMgc2VjcmV0IDAwMDE="),
        description="the key that signs webhooks to officers (Standard Webhooks); empty: none are sent",
    )
    provider_timeout_seconds: float = Field(8.0, gt=0, le=60)
    receipt_secret: SecretStr = Field(
        SecretStr("whsec_ZGV2ZWxvcG1lbnQgcmVjZWlwdHMgc2VjcmV0IDAwMDE="),
        description="the key with which gateways sign delivery receipts (Standard Webhooks)",
    )
    replay_window_seconds: int = Field(300, ge=30, le=3600)
    desk_url: str = Field("http://127.0.0.1:8000/escalation/desk", description="where messages send their readers")

    mailings_at_once: int = Field(20, ge=1, le=500, description="mailings on their way at once")
    max_attempts: int = Field(5, ge=1, le=100, description="by each means, before the next is tried")
    backoff_seconds: int = Field(30, ge=1, le=3600)
    backoff_cap_seconds: int = Field(900, ge=1, le=86_400)
    patience_hours: int = Field(2, ge=1, le=72, description="after this a means that is away is given up")
    lease_seconds: int = Field(120, ge=10, le=3600, description="after this a sender that has not reported is given up")

    digest_window_seconds: int = Field(60, ge=0, le=3600, description="how long messages wait for others to join")
    digest_threshold: int = Field(5, ge=2, le=1000, description="from so many on an officer gets one list")
    digest_longest: int = Field(500, ge=2, le=2000, description="messages in one list")
    digest_pause_minutes: int = Field(15, ge=0, le=1440, description="least time between two lists to one officer")
    held_alarm_hours: int = Field(4, ge=1, le=168, description="messages held for longer make the service degraded")

    @property
    def is_production(self) -> bool:
        return self.env == "production"
