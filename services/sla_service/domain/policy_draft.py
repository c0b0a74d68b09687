"""Drafting a policy version: what would be impossible to keep, and what two versions differ in."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from services.sla_service.domain.policy import ANY
from shared.kernel.errors import Invalid

Values = Mapping[str, Any]
MOST_HOURS = 2000
MOST_DAYS = 400
_LISTS = {"targets": "metric", "warnings": "level"}


def refuse_impossible(values: Values, calendars: Collection[str], kinds: Mapping[str, str]) -> None:
    """Raises Invalid for a policy that nobody could keep or that would fit no case."""
    _check_selector(values["kind"], values["subject"], kinds)
    _check_range(values["effective_from"], values["effective_to"])
    _check_targets(values["targets"], calendars)
    _refuse_twice([warning["level"] for warning in values["warnings"]], "warning_twice")
    _refuse_twice(values["pause_reasons"], "pause_reason_twice")
    tiers = values["very_late"]
    if list(tiers) != sorted(set(tiers)):
        raise Invalid("The tiers of very late rise, each once.", code="bad_tiers")


def _check_selector(kind: str, subject: str, kinds: Mapping[str, str]) -> None:
    if subject == ANY:
        return
    if subject not in kinds:
        raise Invalid("There is no subject with this code.", code="unknown_subject")
    if kind not in (ANY, kinds[subject]):
        raise Invalid("The subject is of another kind, so this would fit no case.", code="fits_no_case")


def _check_range(since: datetime | None, until: datetime | None) -> None:
    if since is not None and until is not None and until <= since:
        raise Invalid("A policy ends after it begins.", code="bad_range")


def _check_targets(targets: Sequence[Values], calendars: Collection[str]) -> None:
    _refuse_twice([target["metric"] for target in targets], "metric_twice")
    if not any(target["amount"] for target in targets):
        raise Invalid("A policy promises something.", code="no_target")
    for target in targets:
        if target["calendar"] not in calendars:
            raise Invalid("There is no published calendar with this code.", code="unknown_calendar")
        if target["unit"] == "wall" and target["calendar"] != "always":
            raise Invalid("Wall hours count on the calendar that is always open.", code="wall_counts_always")
        most = MOST_HOURS if target["unit"] in ("wall", "office") else MOST_DAYS
        if not 0 <= target["amount"] <= most:
            raise Invalid("This is more than anybody can mean.", code="absurd_amount", limit=most)


def _refuse_twice(names: Sequence[str], code: str) -> None:
    if len(set(names)) < len(names):
        raise Invalid("Each can be given once only.", code=code)


def difference(old: Values, new: Values, fields: Iterable[str]) -> list[tuple[str, Any, Any]]:
    """(field, old, new) of all that differs; targets by metric, warnings by level; None: there is none."""
    found: list[tuple[str, Any, Any]] = []
    for field in fields:
        if field in _LISTS:
            found += _entries(field, _LISTS[field], old[field], new[field])
        elif old[field] != new[field]:
            found.append((field, old[field], new[field]))
    return found


def _entries(field: str, name: str, old: Sequence[Values], new: Sequence[Values]) -> Iterable[tuple[str, Any, Any]]:
    before, after = ({one[name]: one for one in entries} for entries in (old, new))
    for key in sorted(before.keys() | after.keys()):
        if before.get(key) != after.get(key):
            yield f"{field}.{key}", before.get(key), after.get(key)
