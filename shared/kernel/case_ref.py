"""The six fields by which every event about a case says which case it is and who may read about it."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class CaseRef:
    """`office` is responsible now; `region` is None while that is the head office."""

    case_id: UUID
    office: str
    region: int | None
    kind: str
    restricted: bool
    cycle: int

    def stamp(self) -> dict[str, Any]:
        """The fields of a `CaseEvent`."""
        return {
            "case_id": self.case_id,
            "office": self.office,
            "region": self.region,
            "kind": self.kind,
            "restricted": self.restricted,
            "cycle": self.cycle,
        }
