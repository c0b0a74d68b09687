"""Steps 1 and 2 of the day: cases come in by every channel, some of them twice."""

from services.demo.cases import Living, World
from services.demo.plan import FROM_OUTSIDE, Planned


def body_of(planned: Planned, run: str) -> dict[str, object]:
    """POST /intake/v1/cases for a planned case."""
    body: dict[str, object] = {
        "channel": planned.channel,
        "received_at": planned.received_at.isoformat(),
        "text": planned.text,
        "receiving_office": planned.receiving_office,
        "place": planned.place,
    }
    if planned.contact is not None:
        body["contact"] = dict(planned.contact)
    if planned.channel in FROM_OUTSIDE:
        body |= {"origin": planned.channel, "origin_reference": f"DEMO-{run}-{planned.nr:05d}"}
    if planned.is_clear:
        body["subject"] = planned.subject
        if planned.receiving_office == "HQ":
            body["branch"] = planned.branch
    return body


async def receive(world: World, planned: list[Planned]) -> list[Living]:
    """Every planned case is posted by whoever takes such a channel in."""
    bar = world.stage.bar("step 1, 2  cases received and numbered", len(planned))

    async def post(each: Planned) -> Living:
        if each.receiving_office == "HQ":
            who = world.head_office()
        else:
            who = world.product.staff("branch_staff", each.branch, subject=f"demo-{each.branch}-1")
        key = {"Idempotency-Key": f"demo-{world.run}-{each.nr}"}
        got = (await who.post("/intake/v1/cases", body_of(each, world.run), headers=key)).body
        return Living(each, got["id"], got["number"], got["tracking_code"], got["office"], got["state"])

    results = await world.spread(planned, post, bar)
    return [case for case in results if isinstance(case, Living)]


async def repeat(world: World, cases: list[Living]) -> None:
    """Outside agencies send some references again; people chase their cases."""
    again = [case for case in cases if case.planned.channel in FROM_OUTSIDE][:5]
    chasing = [case for case in cases if case.planned.is_chased]
    bar = world.stage.bar("step 1     repeated references, follow-ups", len(again) + len(chasing))

    async def send(case: Living) -> None:
        await world.head_office().post("/intake/v1/cases", body_of(case.planned, world.run))

    async def chase(case: Living) -> None:
        body = {
            "channel": "contact_center_1662",
            "received_at": world.now().isoformat(),
            "text": "โทรมาติดตามเรื่องเดิม ยังไม่มีใครเข้ามาแก้ไข",
            "follow_up_of": case.number,
        }
        await world.head_office().post("/intake/v1/cases", body)

    await world.spread(again, send, bar)
    await world.spread(chasing, chase, bar)
