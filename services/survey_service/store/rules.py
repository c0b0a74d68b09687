"""Statements about the editable rules; the newest version in force counts."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.dialects.postgresql import insert

from services.survey_service.domain.questionnaire import Checklist, Questionnaire, checklist, questionnaire
from services.survey_service.domain.quiet import QuietHours
from services.survey_service.domain.rules import (
    CallRules,
    NoticeRules,
    SamplingRules,
    call_rules,
    notice_rules,
    quiet_hours,
    sampling_rules,
)  # fmt: skip
from services.survey_service.store.tables import rule_book
from shared.db import Tx
from shared.kernel.errors import NotFound


async def current(tx: Tx, name: str) -> Row[Any]:
    """The version in force now."""
    row = await tx.find(
        select(rule_book)
        .where(rule_book.c.name == name, rule_book.c.effective_from <= tx.now)
        .order_by(rule_book.c.version.desc())
        .limit(1)
    )
    if row is None:
        raise NotFound("No rules of this name are in force.", name=name)
    return row


async def all_current(tx: Tx) -> Sequence[Row[Any]]:
    return await tx.all(
        select(rule_book)
        .distinct(rule_book.c.name)
        .where(rule_book.c.effective_from <= tx.now)
        .order_by(rule_book.c.name, rule_book.c.version.desc())
    )


async def versions(tx: Tx, name: str) -> Sequence[Row[Any]]:
    return await tx.all(
        select(rule_book).where(rule_book.c.name == name).order_by(rule_book.c.version.desc()).limit(100)
    )


async def add_version(tx: Tx, name: str, body: dict[str, Any], effective_from: Any) -> int | None:
    """The number of the new version, or None when somebody else has just made one."""
    newest = await tx.scalar(select(func.max(rule_book.c.version)).where(rule_book.c.name == name))
    values = {"name": name, "version": (newest or 0) + 1, "body": body}
    statement = insert(rule_book).values(**values, effective_from=effective_from, made_by=tx.actor.id)
    made: int | None = await tx.scalar(statement.on_conflict_do_nothing().returning(rule_book.c.version))
    return made


async def for_notices(tx: Tx) -> NoticeRules:
    return notice_rules((await current(tx, "notices")).body)


async def for_calls(tx: Tx) -> CallRules:
    return call_rules((await current(tx, "calls")).body)


async def for_sampling(tx: Tx) -> SamplingRules:
    return sampling_rules((await current(tx, "sampling")).body)


async def quiet(tx: Tx, urgency: str) -> QuietHours | None:
    hours = quiet_hours((await current(tx, "quiet_hours")).body)
    return hours.get(urgency, hours["normal"])


async def questions(tx: Tx) -> Questionnaire:
    row = await current(tx, "questionnaire")
    return questionnaire(f"v{row.version}", row.body)


async def standards(tx: Tx, version: str | None = None) -> Checklist:
    """The checklist in force, or the version that a call was given."""
    if version is None:
        row: Row[Any] | None = await current(tx, "checklist")
    else:
        wanted = rule_book.c.version == int(version.removeprefix("v"))
        row = await tx.find(select(rule_book).where(rule_book.c.name == "checklist", wanted))
    if row is None:
        raise NotFound("No such checklist.")
    return checklist(f"v{row.version}", row.body)
