"""Settings of the HTTP edge, the same for every service (environment variables PWA_…)."""

from datetime import timedelta
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class WebSettings(BaseSettings):
    """Who may come in, and how much."""

    model_config = SettingsConfigDict(env_prefix="PWA_", frozen=True, extra="ignore")

    env: str = Field("development", description="'production' forbids the development issuer")
    auth_jwks_file: Path | None = Field(None, description="public keys of the token issuer, as a file")
    auth_jwks_url: str | None = Field(None, description="public keys of the token issuer, to be fetched")
    auth_issuer: str = "pwa-development"
    auth_audience: str = "pwa-complaints"
    auth_leeway: timedelta = timedelta(seconds=30)
    max_body_bytes: int = Field(1_048_576, ge=1024)
    body_timeout: timedelta = Field(timedelta(seconds=10), description="until the whole body must have come")
    max_target_bytes: int = Field(8192, description="path and query")
    max_header_bytes: int = 16_384
    reads_in_flight: int = Field(96, ge=1, description="reads are turned away above this many requests in flight")
    requests_in_flight: int = Field(384, ge=1, description="everything is turned away above this")
    track_per_minute: int = Field(30, ge=1, description="public tracking requests per client")
