"""Settings of intake (environment variables PWA_INTAKE_…)."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class IntakeSettings(BaseSettings):
    """What may differ between installations."""

    model_config = SettingsConfigDict(env_prefix="PWA_INTAKE_", frozen=True, extra="ignore")

    largest_group: int = Field(64, ge=1, le=500, description="how many waiting receipts share one transaction")
    writers: int = Field(1, ge=1, le=4, description="how many groups are written at the same time")
    years_kept: int = Field(2, ge=1, description="whole fiscal years that contacts outlive their case's closing")
    development_api_key: str | None = Field(
        None, min_length=16, description="an API key for the channel line, known beforehand; never in production"
    )
