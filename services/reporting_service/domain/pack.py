"""The daily pack of a region: its content as JSON, as CSV and as the words of the covering letter (process step 8)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from services.reporting_service.domain import labels
from services.reporting_service.domain.codec import instant
from services.reporting_service.domain.sheet import to_csv
from shared.kernel.fiscal import thai_date

SIDE_BY_SIDE = (
    "received", "resolved", "resolved_within_sla", "reopened", "open", "open_within_sla", "open_over_sla",
    "open_awaiting_information",
)  # fmt: skip


@dataclass(frozen=True)
class RegionDay:
    """What was gathered about one region (None: the head office's own queue)."""

    region: int | None
    figures: Mapping[str, Any]
    cases: Sequence[Mapping[str, Any]] = ()
    restricted_cases: Sequence[Mapping[str, Any]] = ()


def _line(each: RegionDay) -> dict[str, Any]:
    figures = each.figures
    return {
        "region": each.region,
        **{name: figures[name] for name in SIDE_BY_SIDE},
        "escalations_fired": figures["escalations_fired"],
        "escalations_standing": figures["escalations_standing"],
        "satisfaction": figures["satisfaction"],
        "late_entries": figures["late_entries"],
    }


def _sum(lines: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The country: every number added up, groups by name."""
    total: dict[str, Any] = {}
    for line in lines:
        for name, value in line.items():
            if isinstance(value, Mapping):
                group = total.setdefault(name, {})
                for key, number in value.items():
                    group[key] = group.get(key, 0) + number
            elif name != "region":
                total[name] = total.get(name, 0) + value
    return total


def last_page(days: Sequence[RegionDay]) -> dict[str, Any]:
    """The ten regions side by side, the head office's queue and the country."""
    regions = [_line(each) for each in days if each.region is not None]
    head_office = next((_line(each) for each in days if each.region is None), None)
    return {
        "title_th": "เปรียบเทียบ กปภ.เขต 1–10",
        "regions": regions,
        "head_office": head_office,
        "country": _sum([*regions, *([head_office] if head_office else [])]),
    }


def content(
    each: RegionDay, day: date, known_at: datetime, page: Mapping[str, Any], *, facts_complete: bool
) -> dict[str, Any]:
    """The pack as it is frozen. Numbers and codes only, restricted cases counted but not listed."""
    return {
        "kind": "daily_pack",
        "region": each.region,
        "day": day.isoformat(),
        "known_at": instant(known_at),
        "facts_complete": facts_complete,
        "th": {
            "title": f"สรุปผลการจัดการข้อร้องเรียน กปภ.เขต {each.region} ประจำวันที่ {thai_date(day)}",
            "summary": dict(labels.SUMMARY),
            "groups": dict(labels.GROUPS),
            "items": dict(labels.ITEMS),
            "cases": dict(labels.CASE_COLUMNS),
        },
        "summary": dict(each.figures),
        "cases": list(each.cases),
        "restricted_cases_not_listed": len(each.restricted_cases),
        "last_page": dict(page),
    }


def _summary_rows(summary: Mapping[str, Any]) -> Iterable[Sequence[object]]:
    for name, label in labels.SUMMARY.items():
        yield (label, summary[name])
    for group, label in labels.GROUPS.items():
        yield ()
        yield (label,)
        for name, number in summary[group].items():
            yield (labels.ITEMS.get(name) or labels.SUMMARY.get(name, name), number)


def _side_rows(page: Mapping[str, Any]) -> Iterable[Sequence[object]]:
    yield ("เขต", *(labels.SUMMARY[name] for name in SIDE_BY_SIDE), *_side_labels())
    named = [(f"กปภ.เขต {line['region']}", line) for line in page["regions"]]
    if page["head_office"]:
        named.append(("สำนักงานใหญ่", page["head_office"]))
    for name, line in [*named, ("รวม", page["country"])]:
        yield (name, *(line[each] for each in SIDE_BY_SIDE), *_side_groups(line))


_ASKED = ("asked", "reached", "answered", "no_phone", "satisfied")


def _side_labels() -> list[str]:
    return [*(labels.ITEMS[rung] for rung in ("1", "2", "3")), *(labels.ITEMS[name] for name in _ASKED)]


def _side_groups(line: Mapping[str, Any]) -> list[int]:
    return [
        *(line["escalations_standing"][rung] for rung in ("1", "2", "3")),
        *(line["satisfaction"][name] for name in _ASKED),
    ]


def as_csv(pack: Mapping[str, Any]) -> str:
    """The same pack for a spreadsheet: summary, list of cases, and last the ten regions side by side."""
    rows: list[Sequence[object]] = [(pack["th"]["title"],), (), *_summary_rows(pack["summary"]), ()]
    rows.append(tuple(labels.CASE_COLUMNS.values()))
    rows += [tuple(line[name] for name in labels.CASE_COLUMNS) for line in pack["cases"]]
    rows += [(), (pack["last_page"]["title_th"],), *_side_rows(pack["last_page"])]
    return to_csv(rows)


def letter(pack: Mapping[str, Any], digest: str) -> str:
    """The covering text of the e-mail."""
    summary = pack["summary"]
    lines = [pack["th"]["title"], ""]
    lines += [f"{label}: {summary[name]} เรื่อง" for name, label in labels.SUMMARY.items()]
    lines += ["", "รายละเอียดและตารางเปรียบเทียบ 10 เขตอยู่ในไฟล์แนบ (JSON และ CSV)", f"SHA-256: {digest}", ""]
    return "\n".join(lines)
