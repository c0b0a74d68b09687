"""API keys of channel adapters: shown once, stored as hashes, revocable."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from services.intake_service.api.answers import IssuedKey, KeyAnswer
from services.intake_service.api.bodies import NewKey
from services.intake_service.use_cases import keeping_keys
from shared.kernel.access import Actor
from shared.web import Page, Paging, Transaction, needs

router = APIRouter(prefix="/intake/v1/api-keys", tags=["operations"])
Operator = Annotated[Actor, needs("operations")]


@router.get("", response_model=Page[KeyAnswer])
async def list_keys(tx: Transaction, actor: Operator, paging: Paging) -> Page[KeyAnswer]:
    """All keys in the order in which they were made, the revoked ones too."""
    after = paging.after(UUID)
    keys = await keeping_keys.listed(tx, after[0] if after else None, paging.fetch)
    page = paging.page(keys, lambda key: (key.id,))
    return Page(items=[KeyAnswer.model_validate(key) for key in page.items], next_cursor=page.next_cursor)


@router.post("", response_model=IssuedKey, status_code=201)
async def issue(body: NewKey, tx: Transaction, actor: Operator) -> IssuedKey:
    """Make a key for a channel: it may register cases of that channel and nothing else."""
    made, key = await keeping_keys.issue(tx, str(body.channel), body.label)
    return IssuedKey(**KeyAnswer.model_validate(made).model_dump(), key=key)


@router.delete("/{key_id}", response_model=KeyAnswer)
async def revoke(key_id: UUID, tx: Transaction, actor: Operator) -> KeyAnswer:
    """End a key; it is refused within ten seconds everywhere."""
    return KeyAnswer.model_validate(await keeping_keys.revoke(tx, key_id))
