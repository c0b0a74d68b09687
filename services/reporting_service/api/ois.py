"""Step 6 over REST: the feed that OIS pulls, its acknowledgements, what is missing, the day's manifest."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field, model_validator

from services.reporting_service.settings import ReportingSettings
from services.reporting_service.use_cases import ois
from shared.kernel.access import Actor
from shared.web import Page, Paging, Transaction, decode_cursor, encode_cursor, needs, refuse
from shared.web.types import Day, Instant, PublicText, StrictModel

router = APIRouter(prefix="/reporting/v1/ois", tags=["step 6: record in OIS"])
MayRead = Annotated[Actor, needs("ois:read")]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class FeedItem(BaseModel):
    """One version of one case's record, at its place in the feed. `sha256` is over the canonical JSON of `record`."""

    position: int
    case_id: UUID
    version: int
    reason: Literal["change", "replay"]
    changed_at: Instant
    sha256: str
    record: dict[str, Any]


class Feed(BaseModel):
    """A part of the feed. `next_cursor` is always given: come back with it for what is new."""

    items: list[FeedItem]
    next_cursor: str
    last_position: int = Field(description="the last place given so far; equal to the last item's when all is read")


class AcknowledgementBody(StrictModel):
    """What OIS did with one version of a record."""

    case_id: UUID
    version: Annotated[int, Field(ge=1, le=2**31 - 1, examples=[3])]
    accepted: bool
    reason: PublicText | None = Field(None, examples=["ไม่พบรหัสสาขาในระบบ OIS"])
    sha256: Sha256 | None = Field(None, description="hash of the record as OIS has stored it")

    @model_validator(mode="after")
    def _with_reason(self) -> "AcknowledgementBody":
        if not self.accepted and self.reason is None:
            raise refuse("reason_required", "A rejection says why.")
        return self


class Acknowledgements(StrictModel):
    """A batch of acknowledgements."""

    acknowledgements: Annotated[tuple[AcknowledgementBody, ...], Field(min_length=1, max_length=1000)]


class Acknowledged(BaseModel):
    """What became of one acknowledgement."""

    case_id: UUID
    version: int
    result: Literal["recorded", "unchanged", "unknown"]


class AcknowledgedAll(BaseModel):
    """In the order of the request."""

    results: list[Acknowledged]
    recorded: int
    unchanged: int
    unknown: int


class Unsettled(BaseModel):
    """A record that OIS has not taken as it is."""

    case_id: UUID
    number: str | None
    version: int
    status: str
    reason: str | None
    changed_at: Instant


class OisStatus(BaseModel):
    """How far OIS has followed. The lists show the first entries; GET /ois/unsettled has all."""

    position: int
    records: int
    accepted: int
    missing: int = Field(description="latest versions without acknowledgement, however young")
    rejected: int
    different: int
    overdue: list[Unsettled] = Field(description="missing for longer than the grace")
    rejected_records: list[Unsettled]
    different_records: list[Unsettled]


class Manifest(BaseModel):
    """Proof of a day's completeness."""

    day: Day
    complete: bool = Field(description="false while the day is not over")
    records: int
    cases: int
    first_position: int | None
    last_position: int | None
    sum_of_versions: int
    breached: int
    by_state: dict[str, int]
    by_kind: dict[str, int]
    sha256: str
    sha256_over: str


class ReplayBody(StrictModel):
    """Which records to feed again: these cases, or all in a status."""

    case_ids: Annotated[tuple[UUID, ...], Field(max_length=1000)] = ()
    status: Literal["missing", "rejected", "different"] | None = None

    @model_validator(mode="after")
    def _one(self) -> "ReplayBody":
        if bool(self.case_ids) == (self.status is not None):
            raise refuse("nothing_chosen", "Give either case ids or a status.")
        return self


class Replayed(BaseModel):
    """How many records were put on the feed again."""

    records: int


def _settings(request: Request) -> ReportingSettings:
    settings: ReportingSettings = request.app.state.context.settings
    return settings


def _unsettled(row: Any) -> Unsettled:
    return Unsettled(**{name: getattr(row, name) for name in Unsettled.model_fields})


@router.get("/records", summary="The feed: every version of every record, in an order that never changes")
async def read_feed(
    tx: Transaction,
    _actor: MayRead,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> Feed:
    after = decode_cursor(cursor, int)[0] if cursor else 0
    rows, last = await ois.read_feed(tx, after, limit)
    names = [name for name in FeedItem.model_fields if name != "record"]
    items = [FeedItem(**{name: getattr(row, name) for name in names}, record=row.content) for row in rows]
    seen = items[-1].position if items else after
    return Feed(items=items, next_cursor=encode_cursor([seen]), last_position=last)


@router.post("/acknowledgements", summary="OIS says what it took and what it refused")
async def acknowledge(
    body: Acknowledgements, tx: Transaction, _actor: Annotated[Actor, needs("ois:acknowledge")]
) -> AcknowledgedAll:
    words = [ois.Word(**word.model_dump()) for word in body.acknowledgements]
    results = await ois.acknowledge(tx, words)
    told = [
        Acknowledged.model_validate({"case_id": word.case_id, "version": word.version, "result": result})
        for word, result in zip(words, results, strict=True)
    ]
    counts = {name: results.count(name) for name in ("recorded", "unchanged", "unknown")}
    return AcknowledgedAll(results=told, **counts)


@router.get("/status", summary="What OIS has, and what is missing, rejected or different")
async def get_status(tx: Transaction, _actor: MayRead, request: Request) -> OisStatus:
    found = await ois.status(tx, _settings(request).ois_grace, 100)
    counts, lists = found["counts"], found["lists"]
    return OisStatus(
        position=found["position"],
        records=sum(counts.values()),
        **{name: counts.get(name, 0) for name in ("accepted", "missing", "rejected", "different")},
        overdue=[_unsettled(row) for row in lists["missing"]],
        rejected_records=[_unsettled(row) for row in lists["rejected"]],
        different_records=[_unsettled(row) for row in lists["different"]],
    )


@router.get("/unsettled", summary="Records that OIS has not taken as they are")
async def list_unsettled(
    tx: Transaction,
    _actor: MayRead,
    request: Request,
    paging: Paging,
    status: Annotated[Literal["missing", "rejected", "different"], Query()] = "missing",
) -> Page[Unsettled]:
    after = paging.after(UUID)
    rows = await ois.unsettled(tx, status, _settings(request).ois_grace, after[0] if after else None, paging.fetch)
    return paging.page([_unsettled(row) for row in rows], lambda row: (row.case_id,))


@router.get("/manifests/{day}", summary="Counts, control totals and hash of a day's feed")
async def get_manifest(day: Day, tx: Transaction, _actor: MayRead) -> Manifest:
    return Manifest.model_validate(await ois.manifest(tx, day))


@router.post("/replays", status_code=202, summary="Feed the latest versions again")
async def replay(
    body: ReplayBody, tx: Transaction, _actor: Annotated[Actor, needs("operations")], response: Response
) -> Replayed:
    response.headers["Location"] = "/reporting/v1/ois/records"
    return Replayed(records=await ois.replay(tx, body.status, body.case_ids, 10_000))
