"""Settings of the SLA service (environment variables PWA_SLA_…)."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class SlaSettings(BaseSettings):
    """How the timer runs; what it does is data in the tables."""

    model_config = SettingsConfigDict(env_prefix="PWA_SLA_", frozen=True, extra="ignore")

    batch: int = Field(500, ge=1, le=5000, description="case files settled in one transaction")
    run_batch: int = Field(100, ge=1, le=5000, description="cases looked at in one step of a preview, what-if or such")
    runs_kept_days: int = Field(90, ge=1, description="days that previews and what-if runs are kept; applications stay")
