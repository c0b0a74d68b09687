"""Thai government time: Buddhist-era dates and fiscal years (1 October to 30 September, Bangkok time)."""

from datetime import UTC, date, datetime, time

from shared.kernel.clock import BANGKOK

BUDDHIST_ERA = 543
MONTHS_TH = (
    "ม.ค.", "ก.พ.", "มี.ค.", "เม.ย.", "พ.ค.", "มิ.ย.", "ก.ค.", "ส.ค.", "ก.ย.", "ต.ค.", "พ.ย.", "ธ.ค.",
)  # fmt: skip


def bangkok_date(at: datetime) -> date:
    return at.astimezone(BANGKOK).date()


def fiscal_year(at: datetime) -> int:
    """The Buddhist-era fiscal year of an instant: 2569-10-01 to 2570-09-30 is 2570."""
    day = bangkok_date(at)
    return day.year + BUDDHIST_ERA + (1 if day.month >= 10 else 0)


def fiscal_quarter(at: datetime) -> int:
    """1 for October to December, 4 for July to September."""
    return (bangkok_date(at).month - 10) % 12 // 3 + 1


def midnight(day: date) -> datetime:
    """The instant (UTC) at which a Bangkok day begins."""
    return datetime.combine(day, time(), BANGKOK).astimezone(UTC)


def fiscal_year_bounds(year: int) -> tuple[datetime, datetime]:
    """First instant of the Buddhist-era fiscal year and first instant after it (UTC)."""
    ce = year - BUDDHIST_ERA
    return midnight(date(ce - 1, 10, 1)), midnight(date(ce, 10, 1))


def quarter_bounds(year: int, quarter: int) -> tuple[datetime, datetime]:
    """First instant of a quarter of a Buddhist-era fiscal year and first instant after it (UTC)."""
    months = [(year - BUDDHIST_ERA - (1 if m >= 10 else 0), m) for m in (10, 1, 4, 7)]
    starts = [midnight(date(y, m, 1)) for y, m in months]
    return starts[quarter - 1], starts[quarter] if quarter < 4 else fiscal_year_bounds(year)[1]


def thai_date(day: date) -> str:
    """A date for people to read: 3 ก.พ. 2569."""
    return f"{day.day} {MONTHS_TH[day.month - 1]} {day.year + BUDDHIST_ERA}"


def thai_time(at: datetime) -> str:
    """An instant for people to read: 3 ก.พ. 2569 เวลา 09:00 น."""
    return f"{thai_date(bangkok_date(at))} เวลา {at.astimezone(BANGKOK):%H:%M} น."
