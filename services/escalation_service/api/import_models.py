"""What the imports of files say: what each row does, and what is wrong with it."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel, Field

from services.escalation_service.use_cases.lines import Result

CSV_BODY: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"text/csv": {"schema": {"type": "string", "format": "binary"}}}}
}


class RowFault(BaseModel):
    """What is wrong with a row; never what it held."""

    field: str | None
    code: str
    detail: str


class RowResult(BaseModel):
    """What one row of the file does."""

    line: int = Field(description="line of the file; the header is line 1")
    outcome: Literal["create", "change", "unchanged", "error"]
    office: str | None
    post: str | None = None
    staff_code: str | None = None
    changes: list[str] = Field(examples=[["name", "holder"]])
    errors: list[RowFault]


class ImportResult(BaseModel):
    """What a file does, or did. Rows with errors: nothing of the file is applied."""

    dry_run: bool
    applied: bool
    counts: dict[str, int] = Field(examples=[{"create": 230, "change": 2, "unchanged": 2, "error": 0}])
    rows: list[RowResult]


def row_result(result: Result[Any], **about: str | None) -> RowResult:
    faults = [RowFault(field=one.field, code=one.code, detail=one.detail) for one in result.faults]
    told = {"line": result.number, "outcome": result.outcome, "changes": list(result.changes), "errors": faults}
    return RowResult.model_validate(about | told)


def import_result(rows: Sequence[RowResult], *, dry_run: bool) -> ImportResult:
    found = Counter(row.outcome for row in rows)
    counts = {name: found[name] for name in ("create", "change", "unchanged", "error")}
    return ImportResult(dry_run=dry_run, applied=not dry_run and not counts["error"], counts=counts, rows=list(rows))
