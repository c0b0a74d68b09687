"""Texts to officers: number, office, subject, deadline and lateness; nothing of the complainant."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from services.escalation_service.domain.messages import Kind
from shared.gateways.letter import Text
from shared.gateways.templates import fill, one_line
from shared.kernel.errors import Invalid
from shared.kernel.fiscal import thai_time

FOLDER = Path(__file__).parent / "templates"
LISTED = {"email": 200, "line": 40}
POSTS = {
    "branch_manager": "ผจก.กปภ.สาขา",
    "region_director": "ผอ.กปภ.เขต",
    "deputy_governor": "รองผู้ว่าการ (ภาค)",
    "head_office": "กสส.",
}
RESTRICTED = "เรื่องที่จำกัดผู้เข้าถึง"
UNCLASSIFIED = "ยังไม่จำแนกหัวข้อ"


def item(row: Any, now: datetime, desk_url: str) -> dict[str, Any]:
    """What a message says of one case; names that people entered are one line."""
    late = max(now - row.due_at, timedelta()) if row.due_at else timedelta()
    return {
        "number": one_line(row.number, 40) or str(row.case_id),
        "office": one_line(row.office_name, 100) or row.office,
        "subject": _subject(row),
        "rung": row.rung,
        "post": POSTS.get(row.post, row.post),
        "due": thai_time(row.due_at) if row.due_at else "-",
        "hours": late // timedelta(hours=1),
        "stands_in": row.stands_in,
        "link": f"{desk_url}?case={row.case_id}",
    }


def _subject(row: Any) -> str:
    """A restricted case does not say what it is about in a letter-box."""
    if row.restricted:
        return RESTRICTED
    return one_line(row.subject_name, 200) or row.subject or UNCLASSIFIED


def values(name: str, items: Sequence[Mapping[str, Any]], desk_url: str, form: str) -> dict[str, Any]:
    """What templates may use. `more`: how many are not listed for want of room."""
    longest = LISTED.get(form, len(items))
    shown = items[:longest]
    return {
        "name": one_line(name, 100) or "-", "items": shown, "count": len(items), "more": len(items) - len(shown),
        "desk": desk_url,
    }  # fmt: skip


def render(kind: str, form: str, facts: dict[str, Any], *, folder: Path = FOLDER) -> Text:
    """The text by e-mail or LINE. Raises EmptyText or NoTemplate."""
    return fill(folder, kind, form, facts)


def webhook(kind: str, recipient: str, rows: Sequence[Any], now: datetime, desk_url: str) -> Text:
    """The body of a webhook: the same facts, for a machine."""
    told = [_fact(row, now, desk_url) for row in rows]
    data = {"recipient": recipient, "messages": told, "desk": desk_url}
    body = {"type": f"pwa.officer.{kind.replace('_', '-')}.v1", "timestamp": now.isoformat(), "data": data}
    return Text(json.dumps(body, ensure_ascii=False))


def _fact(row: Any, now: datetime, desk_url: str) -> dict[str, Any]:
    said = item(row, now, desk_url)
    return {
        "message_id": str(row.message_id), "case_id": str(row.case_id), "number": row.number, "cycle": row.cycle,
        "rung": row.rung, "post": row.post, "post_office": row.post_office, "office": row.office,
        "subject": said["subject"], "due_at": row.due_at.isoformat() if row.due_at else None,
        "hours_overdue": said["hours"], "stands_in": row.stands_in, "link": said["link"],
    }  # fmt: skip


_SAMPLE = {
    "number": "1102-2569-000001", "office": "กปภ.สาขาชลบุรี", "subject": "น้ำไม่ไหล", "rung": 1, "post": "ผจก.กปภ.สาขา",
    "due": "3 ก.พ. 2569 เวลา 09:00 น.", "hours": 25, "stands_in": False, "link": "http://127.0.0.1/desk",
}  # fmt: skip


def problems(folder: Path = FOLDER) -> list[str]:
    """Why some officer would get no text: a template missing, broken or empty, for one case or for many."""
    found = []
    for kind in Kind:
        for form, longest in LISTED.items():
            for items in ([_SAMPLE], [{**_SAMPLE, "stands_in": True}] * (longest + 1)):
                try:
                    render(kind, form, values("สมชาย", items, "http://127.0.0.1/desk", form), folder=folder)
                except Invalid as error:
                    found.append(f"template {kind}.{form}: {error.reason_code}")
                    break
    return found
