"""What every event about a case carries, and how a stranger's case is refused."""

from typing import Any, TypeVar

from services.survey_service.domain.case import CaseFile
from shared.kernel.errors import Conflict, NotFound
from shared.kernel.words import HEAD_OFFICE

T = TypeVar("T")


class BeingCalled(Conflict):
    """A colleague has the customer on the line, for the other reason."""

    code = "being_called"


def of_case(case: CaseFile, cycle: int) -> dict[str, Any]:
    """The fields by which consumers keep their readers apart."""
    return {
        "case_id": case.id,
        "office": case.office or HEAD_OFFICE,
        "region": case.region,
        "kind": case.kind,
        "restricted": case.restricted,
        "cycle": cycle,
    }


def found(thing: T | None, what: str) -> T:
    """Unknown and not visible are the same answer."""
    if thing is None:
        raise NotFound(f"No such {what}.")
    return thing
