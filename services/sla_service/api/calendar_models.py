"""What the REST interface takes and gives of calendar versions."""

from typing import Annotated, Any

from pydantic import BaseModel, Field

from services.sla_service.api.models import Code
from services.sla_service.domain.calendar_draft import CalendarChange, CalendarDiff, Closure, WrittenDay
from services.sla_service.use_cases.calendars import Drafting
from services.sla_service.use_cases.holiday_list import HINT
from shared.db import Row
from shared.web.types import Day, Instant, Line, StrictModel, public_text

Window = Annotated[str, Field(pattern=r"^[0-9]{2}:[0-9]{2}-[0-9]{2}:[0-9]{2}$", examples=["08:30-16:30"])]
Windows = Annotated[list[Window], Field(max_length=10)]
DayName = Annotated[str, public_text(200)]  # it travels in events
Weekday = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class DayBody(StrictModel):
    """A date with hours of its own: none means closed; a half day or a make-up day has some."""

    day: Day
    name: DayName = Field(examples=["วันหยุดพิเศษตามมติคณะรัฐมนตรี"])
    windows: Windows = Field([])


class ClosureBody(StrictModel):
    """Closed days in a row; may lie across the end of a year."""

    first: Day = Field(examples=["2026-12-30"])
    last: Day = Field(examples=["2027-01-02"])
    name: DayName = Field(examples=["ปิดทำการช่วงปีใหม่"])


class CalendarBody(StrictModel):
    """Changes to a draft. Days given here replace what the draft says of them; the others stay."""

    name_th: Line | None = Field(None, examples=["เวลาทำการ กปภ. ปี 2570"])
    zone: Annotated[str, Field(max_length=60)] | None = Field(None, examples=["Asia/Bangkok"])
    weekly: Annotated[list[Windows], Field(min_length=7, max_length=7)] | None = Field(
        None, description="open hours of each weekday, Monday first"
    )
    days: list[DayBody] = Field([], max_length=400)
    closures: list[ClosureBody] = Field([], max_length=50)
    removed: list[Day] = Field([], max_length=400, description="days of which the calendar shall say nothing")
    horizon_on: Day | None = Field(None, description="the last day whose closures are known")
    draft_year: Annotated[int, Field(ge=2020, le=2100)] | None = Field(
        None, description="add the public holidays that a library foresees for this year (CE)", examples=[2027]
    )

    def drafting(self) -> Drafting:
        change = CalendarChange(
            name_th=self.name_th,
            zone=self.zone,
            weekly=tuple(map(tuple, self.weekly)) if self.weekly is not None else None,
            days=tuple(WrittenDay(one.day, one.name, tuple(one.windows)) for one in self.days),
            closures=tuple(Closure(one.first, one.last, one.name) for one in self.closures),
            removed=frozenset(self.removed),
            horizon_on=self.horizon_on,
        )
        return Drafting(change, self.draft_year)


class NewCalendarBody(CalendarBody):
    """A new draft: from nothing (name and week are needed), or based on another version of the calendar."""

    code: Code = Field(examples=["office"])
    based_on: Annotated[int, Field(ge=1, le=100_000)] | None = Field(None, examples=[1])


class CalendarShown(BaseModel):
    """A version of a calendar. A draft has no published_at and nothing runs on it."""

    code: str = Field(examples=["office"])
    version: int
    name_th: str = Field(examples=["เวลาทำการ กปภ."])
    zone: str = Field(examples=["Asia/Bangkok"])
    weekly: list[list[str]] = Field(description="open hours of each weekday, Monday first")
    exceptions: list[dict[str, Any]] = Field(description="days with hours of their own; none: closed")
    horizon_on: Day | None = Field(description="the last day whose closures are known")
    based_on: int | None = Field(description="the version that it was drafted from")
    revision: int = Field(description="of the draft: its ETag")
    created_at: Instant
    created_by: str
    published_at: Instant | None
    published_by: str | None


class CalendarDrafted(BaseModel):
    """A draft, and what its maker should know of it."""

    calendar: CalendarShown
    hints: list[str]


class CalendarPublication(BaseModel):
    """A version now in force, and what its publisher should know."""

    calendar: CalendarShown
    warnings: list[str] = Field(examples=[["horizon_under_12_months"]])


class DayShown(BaseModel):
    """What a version says of a date."""

    name: str
    windows: list[str]


class DayDiff(BaseModel):
    """A date of which two versions say different things; null: nothing."""

    day: Day
    change: str = Field(description="added | removed | changed")
    old: DayShown | None
    new: DayShown | None


class WeekdayDiff(BaseModel):
    """A weekday with other hours."""

    weekday: str = Field(examples=["Saturday"])
    old: list[str]
    new: list[str]


class FieldDiff(BaseModel):
    """Another value."""

    field: str = Field(examples=["horizon_on"])
    old: Any
    new: Any


class VersionMade(BaseModel):
    """Who made a version and who published it, and when."""

    version: int
    created_at: Instant
    created_by: str
    published_at: Instant | None
    published_by: str | None


class CalendarDiffShown(BaseModel):
    """What changes from one version of a calendar to another."""

    code: str
    old: VersionMade
    new: VersionMade
    days: list[DayDiff]
    weekdays: list[WeekdayDiff]
    fields: list[FieldDiff]


def calendar_shown(row: Row[Any]) -> CalendarShown:
    return CalendarShown(**{name: getattr(row, name) for name in CalendarShown.model_fields})


def version_made(row: Row[Any]) -> VersionMade:
    return VersionMade(**{name: getattr(row, name) for name in VersionMade.model_fields})


def drafted(row: Row[Any], year: int | None) -> CalendarDrafted:
    return CalendarDrafted(calendar=calendar_shown(row), hints=[HINT] if year else [])


def calendar_diff(old: Row[Any], new: Row[Any], found: CalendarDiff) -> CalendarDiffShown:
    days = [
        DayDiff(day=one.day, change=_change(one.old, one.new), old=_day(one.old), new=_day(one.new))
        for one in found.days
    ]
    weekdays = [
        WeekdayDiff(weekday=Weekday[number], old=list(was), new=list(now)) for number, was, now in found.weekdays
    ]
    fields = [FieldDiff(field=name, old=was, new=now) for name, (was, now) in found.fields.items()]
    return CalendarDiffShown(
        code=new.code, old=version_made(old), new=version_made(new), days=days, weekdays=weekdays, fields=fields
    )


def _day(one: WrittenDay | None) -> DayShown | None:
    return None if one is None else DayShown(name=one.name, windows=list(one.windows))


def _change(old: WrittenDay | None, new: WrittenDay | None) -> str:
    return "added" if old is None else "removed" if new is None else "changed"
