"""Steps 6, 8, 9 and 10 of the day: OIS, the regions' packs, the quarterly report, the September evaluation."""

import asyncio
from collections.abc import Mapping
from typing import Any

from services.demo.cases import World
from services.demo.client import Refused, Staff
from shared.kernel.fiscal import fiscal_quarter, fiscal_year
from shared.reference import REGIONS

MOST_FEED_PAGES = 100
PATIENCE_SECONDS = 120
REJECT_EVERY = 97
LINE = "สายงานปฏิบัติการ 3"


async def exchange_with_ois(world: World) -> None:
    """OIS pulls the feed to its end and acknowledges; a few records it refuses."""
    who = world.product.staff("ois", subject="demo-ois")
    cursor: str | None = None
    bar = world.stage.bar("step 6     records taken by OIS", 0)
    for _ in range(MOST_FEED_PAGES):
        feed = await who.get("/reporting/v1/ois/records", cursor=cursor, limit=1000)
        if not feed["items"]:
            break
        bar.total += len(feed["items"])
        words = [_word(item) for item in feed["items"]]
        await who.post("/reporting/v1/ois/acknowledgements", {"acknowledgements": words})
        bar.add(len(words))
        cursor = feed["next_cursor"]
    bar.finish()


def _word(item: dict[str, Any]) -> dict[str, object]:
    word: dict[str, object] = {"case_id": item["case_id"], "version": item["version"], "accepted": True}
    if item["position"] % REJECT_EVERY == 0:
        word |= {"accepted": False, "reason": "ไม่พบรหัสสาขาในระบบ OIS"}
    else:
        word["sha256"] = item["sha256"]
    return word


async def send_packs(world: World) -> None:
    """Yesterday's pack of each region, sent to an address of each region."""
    division = world.division()
    bar = world.stage.bar("step 8     regions' packs", len(REGIONS))
    for region in REGIONS:
        path = f"/reporting/v1/packs/recipients/{region}"
        if not await division.get(path):
            to = [{"channel": "email", "address": f"region{region:02d}@example.com"}]
            await division.send("PUT", path, body={"recipients": to})
        bar.tick()
    await _run(world, division, "/reporting/v1/packs/run", {"day": world.in_days(-1)})


async def publish_quarter(world: World) -> None:
    """The quarter so far, a directive of the committee, and the line's root cause in answer."""
    now, division = world.now(), world.division()
    quarter = {"fiscal_year": fiscal_year(now), "quarter": fiscal_quarter(now)}
    await _run(world, division, "/reporting/v1/reports/quarterly", quarter)
    reports = await division.pages("/reporting/v1/reports/quarterly", fiscal_year=quarter["fiscal_year"])
    if not reports:
        return
    await _direct(world, reports[0]["id"])


async def _direct(world: World, report_id: str) -> None:
    committee = world.product.staff("committee", subject="demo-committee")
    line = world.product.staff("line", LINE, subject="demo-line-3")
    order = {
        "line": LINE,
        "text": "ให้วิเคราะห์สาเหตุท่อแตกรั่วซ้ำและจัดทำแผนเปลี่ยนท่อ",
        "owner": "ผู้ช่วยผู้ว่าการ (ปฏิบัติการ 3)",
        "due_on": world.in_days(60),
        "subject": "L01",
    }
    issued = (await committee.post(f"/reporting/v1/reports/{report_id}/directives", order)).body
    action = {
        "kind": "preventive", "text": "เปลี่ยนท่อ PB เป็น HDPE ในพื้นที่แตกซ้ำ", "owner": "ผอ.กปภ.เขต 1",
        "due_on": world.in_days(45),
    }  # fmt: skip
    cause = {"category": "pipe_network", "analysis": "ท่ออายุเกินยี่สิบปี แรงดันสูงช่วงกลางคืน", "actions": [action]}
    thing = f"/reporting/v1/directives/{issued['id']}"
    await line.change(f"{thing}/root-cause", cause, thing=thing)
    world.stage.say("  step 9     quarterly report, a directive and its answer")


async def evaluate_year(world: World) -> None:
    """The September evaluation of the year so far."""
    body = {"fiscal_year": fiscal_year(world.now()), "cut_off": world.in_days(-1)}
    await _run(world, world.division(), "/reporting/v1/evaluations", body)
    world.stage.say("  step 10    September evaluation of the year so far")


async def _asked(who: Staff, path: str, body: Mapping[str, object]) -> Any:
    """Ask again for a while where the facts of the day are still on their way."""
    for _ in range(PATIENCE_SECONDS):
        try:
            return (await who.post(path, body)).body
        except Refused as refused:
            if refused.code != "facts_not_here":
                raise
        await asyncio.sleep(1)
    return (await who.post(path, body)).body


async def _run(world: World, who: Staff, path: str, body: Mapping[str, object]) -> None:
    """Ask for long work and wait for its end; what fails is told at the end of the demo."""
    try:
        run = await _asked(who, path, body)
        for _ in range(PATIENCE_SECONDS * 2):
            run = await who.get(f"/reporting/v1/runs/{run['id']}")
            if run["state"] in ("done", "failed"):
                break
            await asyncio.sleep(0.5)
        if run["state"] != "done":
            world.stage.problems.append(f"{path}: {run['state']} {run['problem'] or ''}")
    except Refused as refused:
        world.stage.check([refused])
