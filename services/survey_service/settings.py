"""How survey reaches the providers and knows that a receipt is theirs (PWA_SURVEY_…)."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """The defaults fit the development machine, with the simulated providers of `make up`."""

    model_config = SettingsConfigDict(env_prefix="PWA_SURVEY_", frozen=True, extra="ignore")

    sms_url: str = Field("http://127.0.0.1:8091", description="base URL of the SMS gateway")
    sms_key: SecretStr = SecretStr("development")
    sms_sender: str = "PWA"
    line_url: str = Field("http://127.0.0.1:8092", description="base URL of LINE's messaging API")
    line_token: SecretStr = SecretStr("development")
    smtp_host: str = "127.0.0.1"
    smtp_port: int = Field(8025, ge=1, le=65535)
    smtp_tls: bool = Field(False, description="TLS from the first byte")
    smtp_user: str | None = None
    smtp_password: SecretStr | None = None
    smtp_sender: str = "no-reply@pwa.example"
    provider_timeout_seconds: float = Field(8.0, gt=0, le=60)
    batch: int = Field(20, ge=1, le=500, description="messages on their way at once")
    receipt_secret: SecretStr = Field(
        SecretStr("whsec_ZGV2ZWxvcG1lbnQgcmVjZWlwdHMgc2VjcmV0IDAwMDE="),
        description="the key with which the SMS gateway signs its receipts (Standard Webhooks)",
    )
    replay_window_seconds: int = Field(300, ge=30, le=3600)
    recipient_key: SecretStr = Field(SecretStr("development"), description="key of the hashes of recipients")
