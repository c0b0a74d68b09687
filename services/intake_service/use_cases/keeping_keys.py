"""Issue and revoke the API keys of channel adapters."""

from collections.abc import Sequence
from uuid import UUID

from services.intake_service.store import reference
from services.intake_service.store.tables import api_keys
from shared.db import Tx
from shared.db.api_keys import ApiKey, issue_key, list_keys, revoke_key


async def issue(tx: Tx, channel: str, label: str) -> tuple[ApiKey, str]:
    return await issue_key(tx, api_keys, channel=channel, label=label)


async def revoke(tx: Tx, key_id: UUID) -> ApiKey:
    return await revoke_key(tx, api_keys, key_id)


async def listed(tx: Tx, after: UUID | None, limit: int) -> Sequence[ApiKey]:
    return await list_keys(tx, api_keys, after=after, limit=limit)


async def seed_development_key(tx: Tx, key: str) -> None:
    """A key that is known beforehand, for the channel line; the settings allow it outside production only."""
    await reference.add_known_key(tx, key, channel="line", label="development")
