"""The editable rules over REST: each change is a new version, the older ones stay."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from services.survey_service.store import rules
from services.survey_service.use_cases import ruling
from shared.db import Row
from shared.kernel.access import Actor
from shared.web import Transaction, needs
from shared.web.types import Instant, StrictModel

router = APIRouter(prefix="/survey/v1", tags=["rules"])
MayRead = Annotated[Actor, needs("calls:read", "notices:read", "policies:write")]
Name = Literal["notices", "quiet_hours", "calls", "sampling", "questionnaire", "checklist"]


class RuleView(BaseModel):
    """One version of one rule book."""

    name: str
    version: int
    body: dict[str, Any]
    effective_from: Instant
    made_by: str


class RuleBody(StrictModel):
    """A new version, in force at once."""

    body: dict[str, Any] = Field(examples=[{"precision": "0.05"}])


def rule_view(row: Row[Any]) -> RuleView:
    return RuleView.model_validate(row._asdict())


@router.get("/rules", summary="All rules in force")
async def list_rules(tx: Transaction, _actor: MayRead) -> list[RuleView]:
    return [rule_view(row) for row in await rules.all_current(tx)]


@router.get("/rules/{name}", summary="The versions of one rule book, newest first")
async def get_rule(name: Name, tx: Transaction, _actor: MayRead) -> list[RuleView]:
    return [rule_view(row) for row in await rules.versions(tx, name)]


@router.post("/rules/{name}", status_code=201, summary="Make a new version; what could not be worked by is refused")
async def add_rule(
    name: Name, body: RuleBody, tx: Transaction, _actor: Annotated[Actor, needs("policies:write")]
) -> RuleView:
    return rule_view(await ruling.replace(tx, name, body.body))
