"""A person settles kind, dimension and subject; the rules' suggestion is kept beside it (process step 1)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from services.intake_service.domain.case import Case
from services.intake_service.domain.suggestion import RULES_VERSION, Suggestion, suggest
from services.intake_service.domain.taxonomy import Subject
from services.intake_service.store import cases, contacts, reads, reference
from services.intake_service.use_cases import events
from services.intake_service.use_cases.changing import change, tell
from shared.db import Tx
from shared.kernel.errors import Invalid
from shared.kernel.words import Severity


async def classify(tx: Tx, case_id: UUID, version: int, code: str, severity: Severity | None) -> Case:
    subject = await subject_in_force(tx, code)
    before, after = await change(tx, case_id, version, lambda case: case.classify(subject, severity))
    suggestion = suggest((await contacts.get(tx, case_id)).text)
    await cases.add_classification(tx, classification_row(after, suggestion, actor=tx.actor.id, at=tx.now))
    facts = {"subject": after.subject, "kind": str(after.kind), "severity": str(after.severity)}
    facts |= {"previous_subject": before.subject, "suggested": suggestion.subject}
    return await tell(tx, after, "classified", events.classified(tx, after, before), **facts)


async def suggestion_for(tx: Tx, case_id: UUID) -> Suggestion:
    """What the rules make of a case's text; the same text suggests the same, of what is in force."""
    row = await reads.get(tx, tx.actor.scope, case_id=case_id)
    made = suggest((await contacts.get(tx, row.id)).text)
    known = await reference.subjects_in_force(tx, [code for code, _ in made.candidates])
    candidates = tuple(each for each in made.candidates if each[0] in known)
    return replace(made, subject=made.subject if made.subject in known else None, candidates=candidates)


async def subject_in_force(tx: Tx, code: str) -> Subject:
    return checked_subject(code, (await reference.subjects_in_force(tx, [code])).get(code))


@dataclass
class KnownSubjects:
    """The subjects in force, read again after a while: a group of receipts need not ask each time."""

    kept: timedelta = timedelta(seconds=30)
    _read_at: datetime | None = None
    _subjects: Mapping[str, Subject] = field(default_factory=dict)

    async def now(self, tx: Tx) -> Mapping[str, Subject]:
        """By code; at most `kept` behind what was published."""
        if self._read_at is None or not self._read_at <= tx.now < self._read_at + self.kept:
            self._subjects, self._read_at = await reference.subjects_in_force(tx), tx.now
        return self._subjects


def checked_subject(code: str, subject: Subject | None) -> Subject:
    """The subject, when a case can have it: known, in force, and not a follow-up of another case."""
    if code.startswith("F"):
        raise Invalid("A follow-up is attached to its case, it is no subject of one.", code="follow_up_subject")
    if subject is None:
        raise Invalid("There is no such subject in force.", code="unknown_subject")
    return subject


def classification_row(case: Case, suggestion: Suggestion, *, actor: str, at: datetime) -> dict[str, object]:
    return {
        "case_id": case.id,
        "at": at,
        "actor": actor,
        "rules": RULES_VERSION,
        "suggested": suggestion.subject,
        "confidence": suggestion.confidence,
        "candidates": [list(candidate) for candidate in suggestion.candidates],
        "chosen": case.subject,
        "severity": str(case.severity),
    }
