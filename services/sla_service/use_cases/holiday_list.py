"""Next year's public holidays as a library foresees them: a first list for a draft, never more than that."""

from collections.abc import Mapping
from datetime import date

import holidays

HINT = (
    "Drafted from a library: special days by cabinet decision and moved substitution days are missing. "
    "Compare it with the announcement before it is published."
)


def foreseen(year: int) -> Mapping[date, str]:
    """Thailand's public holidays of a year (CE) with their Thai names, weekends too."""
    return dict(holidays.country_holidays("TH", years=year, language="th"))
