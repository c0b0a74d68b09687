"""Running case numbers: one gap-free series per receiving office and fiscal year (process step 2)."""

import re
from dataclasses import dataclass
from datetime import datetime

from shared.kernel.fiscal import fiscal_year

_NUMBER = re.compile(r"(HQ|\d{4})-(\d{4})-(\d{6,9})", re.ASCII)
_THAI_DIGITS = str.maketrans("๐๑๒๓๔๕๖๗๘๙", "0123456789")


@dataclass(frozen=True, order=True)
class Series:
    """What numbers run in; sorted when several are locked together."""

    office: str
    fiscal_year: int

    @classmethod
    def of(cls, receiving_office: str, received_at: datetime) -> "Series":
        """The series of a receipt: the year is that of the receipt in Bangkok, whenever it is registered."""
        return cls(receiving_office, fiscal_year(received_at))

    def number(self, running: int) -> str:
        return f"{self.office}-{self.fiscal_year}-{running:06d}"


def as_case_number(text: str) -> str | None:
    """The case number a person wrote (Thai digits, blanks, small letters), or None when it is not one."""
    written = text.translate(_THAI_DIGITS).replace(" ", "").upper()
    return written if _NUMBER.fullmatch(written) else None
