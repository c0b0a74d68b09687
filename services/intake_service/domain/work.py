"""What a branch reports when it has finished with a case (process step 4: done is not always repaired)."""

from dataclasses import dataclass
from datetime import datetime

from shared.kernel.errors import Invalid


@dataclass(frozen=True)
class WorkReport:
    """Repaired, or not repaired with the reason; `mister_prapa` is a staff or team code."""

    repaired: bool
    cause: str
    action: str
    done_at: datetime
    mister_prapa: str | None = None
    not_repaired_reason: str | None = None

    def check(self, *, is_complaint: bool) -> None:
        """A repaired complaint names its Mister Prapa (indicator P1); what is not repaired says why."""
        if self.repaired and is_complaint and not self.mister_prapa:
            raise Invalid("A repaired complaint names the Mister Prapa who fixed it.", code="mister_prapa_missing")
        if not self.repaired and not self.not_repaired_reason:
            raise Invalid("What is not repaired needs the reason.", code="not_repaired_reason_missing")
        if self.repaired and self.not_repaired_reason:
            raise Invalid("What is repaired has no reason for not being repaired.", code="not_repaired_reason_given")
