"""What a process needs to know from its environment (PWA_…, DATABASE_URL), read in main and nowhere else."""

from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parents[2]


class RuntimeSettings(BaseSettings):
    """Where this process listens, keeps its files and finds its database."""

    model_config = SettingsConfigDict(env_prefix="PWA_", frozen=True, extra="ignore")

    env: Literal["development", "production"] = "development"
    data: Path = Field(ROOT / ".data", description="the embedded server's data, development keys")
    run: Path = Field(ROOT / ".run", description="where a running product says how to reach it")
    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    share_port: bool = Field(False, description="several processes serve this port; the kernel spreads connections")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    database_url: str | None = Field(None, validation_alias=AliasChoices("DATABASE_URL", "PWA_DATABASE_URL"))
    owner_url: str | None = Field(
        None,
        validation_alias=AliasChoices("DATABASE_OWNER_URL", "PWA_DATABASE_OWNER_URL"),
        description="the owner role's URL, for migrations only",
    )
    pool_size: int = Field(8, ge=2, le=100)

    @property
    def issuer_file(self) -> Path:
        """The development issuer's key."""
        return self.data / "dev_issuer.pem"

    @property
    def endpoints_file(self) -> Path:
        """JSON: service name -> base URL, written once everything answers."""
        return self.run / "endpoints.json"
