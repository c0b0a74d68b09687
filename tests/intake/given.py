"""Cases in every state, made over the API as people would."""

from dataclasses import dataclass
from typing import Any

import httpx

from shared.testing.system import System

BRANCH, OTHER_BRANCH = "1102", "1103"  # both in region 1
FAR_BRANCH = "1148"  # region 2
PHONE = "081-234-5678"
COMPLAINT: dict[str, Any] = {
    "channel": "contact_center_1662",
    "received_at": "2026-02-03T09:00:00+07:00",
    "text": "น้ำไม่ไหลตั้งแต่เมื่อคืน ทั้งซอย",
    "contact": {"name": "สมชาย ใจดี", "phone": PHONE, "consent": "privacy-notice-1"},
    "place": "ซอยเทศบาล 5",
}
WORK = {
    "repaired": True,
    "cause": "ท่อแตกจากงานก่อสร้าง",
    "action": "เปลี่ยนท่อแล้ว",
    "mister_prapa": "MP-1102-01",
    "done_at": "2026-02-03T09:00:00+07:00",
}


@dataclass
class Desk:
    """Everybody who works with cases."""

    system: System

    @property
    def officer(self) -> httpx.AsyncClient:
        return self.system.api("intake_officer", subject="officer")

    @property
    def division(self) -> httpx.AsyncClient:
        return self.system.api("complaints_division", subject="division")

    @property
    def adapter(self) -> httpx.AsyncClient:
        return self.system.api("channel_adapter", subject="adapter")

    def branch(self, office: str = BRANCH, subject: str = "worker") -> httpx.AsyncClient:
        return self.system.api("branch_staff", office=office, subject=subject)

    async def register(self, by: httpx.AsyncClient | None = None, **changes: Any) -> dict[str, Any]:
        body = {key: value for key, value in {**COMPLAINT, **changes}.items() if value is not None}
        answer = await (by or self.adapter).post("/intake/v1/cases", json=body)
        assert answer.status_code in (200, 201), answer.text
        return dict(answer.json())

    async def do(
        self, by: httpx.AsyncClient, case_id: str, verb: str, body: Any = None, *, version: int | None = None
    ) -> httpx.Response:
        """Do something to a case in its present version."""
        if version is None:
            rows = await self.system.sql("SELECT version FROM intake.cases WHERE id = $1::uuid", case_id)
            version = rows[0]["version"]
        return await by.post(
            f"/intake/v1/cases/{case_id}/{verb}", json=body or {}, headers={"If-Match": f'"{version}"'}
        )

    async def done(self, by: httpx.AsyncClient, case_id: str, verb: str, body: Any = None) -> dict[str, Any]:
        answer = await self.do(by, case_id, verb, body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def routed(self, branch: str = BRANCH, subject: str = "Q01", **changes: Any) -> str:
        case = await self.register(self.officer, subject=subject, branch=branch, **changes)
        assert case["state"] == "routed"
        return str(case["id"])

    async def in_progress(self, **changes: Any) -> str:
        case_id = await self.routed(**changes)
        await self.done(self.branch(), case_id, "accept")
        return case_id

    async def resolved(self, **changes: Any) -> str:
        case_id = await self.in_progress(**changes)
        await self.done(self.branch(), case_id, "resolve", WORK)
        return case_id

    async def get(self, case_id: str, by: httpx.AsyncClient | None = None) -> dict[str, Any]:
        answer = await (by or self.division).get(f"/intake/v1/cases/{case_id}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())
