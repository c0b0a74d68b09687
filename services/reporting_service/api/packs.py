"""Step 8 over REST: daily packs, their deliveries with receipts, and who receives them."""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

import httpx
from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field, HttpUrl, TypeAdapter, ValidationError, field_validator, model_validator

from services.reporting_service.api.runs import Run, queued
from services.reporting_service.settings import ReportingSettings
from services.reporting_service.use_cases import packs
from shared.kernel.access import Actor
from shared.kernel.webhooks import key_of
from shared.web import Idempotent, Page, Paging, Transaction, needs, refuse
from shared.web.types import Day, Email, Instant, Line, Region, StrictModel

router = APIRouter(prefix="/reporting/v1/packs", tags=["step 8: daily summary per region"])
MayRead = Annotated[Actor, needs("packs:read")]
MayRun = Annotated[Actor, needs("packs:run")]
_email = TypeAdapter(Email)
_url = TypeAdapter(HttpUrl)


class PackLine(BaseModel):
    """A pack without its content."""

    id: UUID
    region: int
    day: Day
    sha256: str
    built_at: Instant


class Delivery(BaseModel):
    """One recipient's copy. Delivered only with the receipt of the other side."""

    id: UUID
    channel: Literal["email", "webhook"]
    state: Literal["pending", "sending", "delivered", "refused", "unknown", "given_up"]
    attempts: int
    next_at: Instant | None
    delivered_at: Instant | None
    last_result: str | None
    last_status: int | None = Field(description="SMTP reply code or HTTP status")
    receipt: str | None = Field(description="what the other side said last")


class PackView(PackLine):
    """A frozen pack. `sha256` is over the canonical JSON of `content`."""

    content: dict[str, Any]
    restricted_cases: list[dict[str, Any]] | None = Field(
        description="cases of restricted subjects, for readers of these only; counted in the totals, never delivered"
    )
    deliveries: list[Delivery]


def _callable(address: str) -> bool:
    """Whether a webhook's address names scheme, host and port as both the rules and our client read them."""
    try:
        parsed, called = _url.validate_python(address), httpx.URL(address)
    except (ValidationError, httpx.InvalidURL):
        return False
    return address.startswith(("https://", "http://")) and bool(called.host) and parsed.port != 0


class RecipientBody(StrictModel):
    """Where a region's pack goes to."""

    channel: Literal["email", "webhook"]
    address: Line = Field(examples=["region01@example.org", "https://region01.example.org/packs"])
    secret: Annotated[str, Field(pattern="^whsec_[A-Za-z0-9+/]{32,128}={0,2}$")] | None = Field(
        None, description="webhooks: the key that messages are signed with (Standard Webhooks); never shown again"
    )

    @field_validator("secret")
    @classmethod
    def _signs(cls, secret: str | None) -> str | None:
        try:
            key_of(secret or "")
        except ValueError:
            raise refuse("bad_secret", "The secret is not whsec_ and a key in base64.") from None
        return secret

    @model_validator(mode="after")
    def _reachable(self) -> "RecipientBody":
        if self.channel == "email":
            _email.validate_python(self.address)
        elif not _callable(self.address):
            raise refuse("bad_url", "A webhook is called by http or https, with a host and a port that exist.")
        return self


class Recipients(StrictModel):
    """All recipients of a region, replacing those before."""

    recipients: Annotated[tuple[RecipientBody, ...], Field(max_length=20)]


class Recipient(BaseModel):
    """A recipient as it is set."""

    id: UUID
    channel: str
    address: str
    signed: bool
    set_at: Instant


class RunBody(StrictModel):
    """Which day's packs to make."""

    day: Day


def _delivery(row: Any) -> Delivery:
    same = ("id", "channel", "state", "attempts", "next_at", "delivered_at")
    told = {"last_result": row.result, "last_status": row.status, "receipt": row.response}
    return Delivery(**{name: getattr(row, name) for name in same}, **told)


def _recipient(row: Any) -> Recipient:
    return Recipient(
        id=row.id, channel=row.channel, address=row.address, signed=row.secret is not None, set_at=row.set_at
    )


@router.get("", summary="Packs, newest day first")
async def list_packs(
    tx: Transaction,
    actor: MayRead,
    paging: Paging,
    region: Annotated[Region | None, Query()] = None,
    day: Annotated[Day | None, Query()] = None,
) -> Page[PackLine]:
    after = paging.after(date, int)
    last = (after[0], after[1]) if after else None
    rows = await packs.listed(tx, actor.scope, {"region": region, "day": day}, last, paging.fetch)
    lines = [PackLine(**{name: getattr(row, name) for name in PackLine.model_fields}) for row in rows]
    return paging.page(lines, lambda line: (line.day, line.region))


@router.post("/run", status_code=202, summary="Make the packs of a day, if they are not made yet")
async def run_packs(
    body: RunBody, tx: Transaction, _actor: MayRun, once: Idempotent, response: Response, request: Request
) -> Run:
    settings: ReportingSettings = request.app.state.context.settings
    await packs.check_ready(tx, body.day, settings.pack_hour, settings.pack_grace)
    return await queued(tx, once, response, "packs", {"day": body.day.isoformat()})


@router.get("/recipients/{region}", summary="Who receives a region's packs")
async def get_recipients(region: Annotated[Region, Path()], tx: Transaction, _actor: MayRun) -> list[Recipient]:
    return [_recipient(row) for row in await packs.recipients(tx, region)]


@router.put("/recipients/{region}", summary="Set who receives a region's packs from the next one on")
async def put_recipients(
    region: Annotated[Region, Path()], body: Recipients, tx: Transaction, _actor: MayRun
) -> list[Recipient]:
    wanted = [each.model_dump() for each in body.recipients]
    return [_recipient(row) for row in await packs.set_recipients(tx, region, wanted)]


@router.post("/deliveries/{delivery_id}/resend", status_code=204, summary="Send once more what did not arrive")
async def resend(delivery_id: UUID, tx: Transaction, _actor: MayRun) -> Response:
    await packs.send_again(tx, delivery_id)
    return Response(status_code=204)


@router.get("/{pack_id}.csv", summary="A pack for a spreadsheet", response_class=Response)
async def get_csv(pack_id: UUID, tx: Transaction, actor: MayRead) -> Response:
    pack = await packs.see(tx, pack_id, actor.scope)
    name = f"pack-R{pack.region:02d}-{pack.day}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "ETag": f'"{pack.sha256}"'}
    return Response(packs.csv_of(pack), media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/{pack_id}", summary="A pack with its deliveries")
async def get_pack(pack_id: UUID, tx: Transaction, actor: MayRead) -> PackView:
    pack = await packs.see(tx, pack_id, actor.scope)
    line = {name: getattr(pack, name) for name in PackLine.model_fields}
    return PackView(
        **line,
        content=pack.content,
        restricted_cases=pack.restricted_cases if actor.scope.restricted else None,
        deliveries=[_delivery(row) for row in await packs.deliveries(tx, pack_id)],
    )
