"""Settings of escalation (environment variables PWA_ESCALATION_…)."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class EscalationSettings(BaseSettings):
    """How the ladder's timer runs; what it does is data in the tables."""

    model_config = SettingsConfigDict(env_prefix="PWA_ESCALATION_", frozen=True, extra="ignore")

    batch: int = Field(200, ge=1, le=5000, description="ladders fired in one transaction")
    export_rows: int = Field(50_000, ge=1, le=200_000, description="lines that one spreadsheet may hold")
    env: str = Field(
        "development", validation_alias="PWA_ENV", description="'production' forbids webhooks of this machine"
    )

    @property
    def is_production(self) -> bool:
        return self.env == "production"
