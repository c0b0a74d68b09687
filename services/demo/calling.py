"""Steps 4, 5 and 7 of the day: customers are told and called, samples drawn, some cases opened again."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

from services.demo.cases import World
from services.demo.client import Refused, Staff
from shared.kernel.clock import BANGKOK
from shared.reference import REGIONS

CALLERS = 4
PATIENCE_SECONDS = 60.0
_OUTCOMES = {"answered": 72, "no_answer": 14, "busy": 7, "refused": 4, "wrong_number": 3}


async def release_reviews(world: World) -> None:
    """กสส. looks at what was reported done without repair before the customer is told."""
    reviews = await world.division().pages("/survey/v1/reviews", most=200)
    seen = reviews[: max(len(reviews) - 2, 0)]
    bar = world.stage.bar("step 4     not repaired: seen by กสส. and released", len(seen))

    async def release(review: dict[str, Any]) -> None:
        await world.division().post(f"/survey/v1/reviews/{review['id']}/release")

    await world.spread(seen, release, bar)


async def wait_for_notices(world: World) -> None:
    """Until every notice is told, has failed, or waits for the end of the night rest; a minute at most."""
    for _ in range(int(PATIENCE_SECONDS)):
        notices = await world.division().pages("/survey/v1/notices", most=200, state="pending")
        notices += await world.division().pages("/survey/v1/notices", most=200, state="accepted")
        if not any(_moves_soon(notice, world.now()) for notice in notices):
            if notices:
                world.stage.say(f"  step 4     {len(notices)} notices wait for the end of the night rest")
            return
        await asyncio.sleep(1)
    world.stage.say("  step 4     some notices are still on their way; they go on by themselves")


def _moves_soon(notice: dict[str, Any], now: datetime) -> bool:
    """Whether the next thing that happens to a notice happens within a minute."""
    if notice["state"] == "accepted":
        return any(each["state"] == "accepted" for each in notice["deliveries"])
    dates = [each["due_at"] for each in notice["deliveries"] if each["state"] in ("due", "sending") and each["due_at"]]
    return any(datetime.fromisoformat(at) < now + timedelta(minutes=1) for at in dates) or not dates


async def tell_by_phone(world: World) -> None:
    """Customers whom no message could tell are rung up."""
    tasks = await world.division().pages("/survey/v1/phone-tasks", most=100, state="open")
    bar = world.stage.bar("step 4     told by telephone", len(tasks))

    async def ring(task: dict[str, Any]) -> None:
        path = f"/survey/v1/phone-tasks/{task['id']}"
        await world.division().post(f"{path}/claim")
        await world.division().get(f"{path}/contact", purpose="notice_call")
        await world.division().post(f"{path}/done", {"outcome": "told"})

    await world.spread(tasks, ring, bar)


async def draw_samples(world: World) -> None:
    """This month's sample of each region, once; what was drawn before stays."""
    month = world.now().astimezone(BANGKOK).strftime("%Y-%m")
    known = {sample["region"] for sample in await world.division().pages("/survey/v1/samples", month=month)}
    regions = [region for region in REGIONS if region not in known]
    bar = world.stage.bar(f"step 7     samples of {month} drawn", len(regions))

    async def draw(region: int) -> None:
        try:
            await world.division().post("/survey/v1/samples/draw", {"region": region, "month": month})
        except Refused as refused:
            if refused.status != 409:
                raise

    await world.spread(regions, draw, bar)


async def call(world: World, expected: int) -> None:
    """Callers take calls until the queue is empty."""
    bar = world.stage.bar("step 5, 7  customers called", expected)

    async def work(nr: int) -> None:
        caller = world.product.staff("survey_caller", subject=f"demo-caller-{nr}")
        while bar.done < bar.total:
            taken = (await caller.post("/survey/v1/calls/claim", {})).body
            if taken is None:
                return
            bar.tick()
            await _ring(world, caller, taken)

    world.stage.check(list(await asyncio.gather(*(work(nr) for nr in range(CALLERS)), return_exceptions=True)))
    bar.finish()


async def _ring(world: World, caller: Staff, taken: dict[str, Any]) -> None:
    path = f"/survey/v1/calls/{taken['id']}"
    try:
        await caller.get(f"{path}/contact", purpose="satisfaction_call")
        outcome = world.rng.choices(list(_OUTCOMES), list(_OUTCOMES.values()))[0]
        await caller.post(f"{path}/attempts", {"outcome": outcome})
        if outcome == "answered":
            await _interview(world, caller, path)
    except Refused as refused:
        world.stage.check([refused])


async def _interview(world: World, caller: Staff, path: str) -> None:
    """Ask what is to be asked; once more when the call became part of a sample in the meantime."""
    for is_last in (False, True):
        try:
            await caller.post(f"{path}/answers", answers(world, await caller.get(path)))
            return
        except Refused as refused:
            if is_last or refused.status != 422:
                raise


def answers(world: World, detail: dict[str, Any]) -> dict[str, object]:
    """What a customer says: mostly content, some not, a few not fixed at all."""
    mood = world.rng.choices(("content", "middling", "angry"), (80, 12, 8))[0]
    scores = {"content": (4, 5), "middling": (3, 4), "angry": (1, 2)}[mood]
    said: dict[str, object] = {question["key"]: world.rng.choice(scores) for question in detail["questions"]}
    said["fixed"] = mood != "angry" or world.rng.random() < 0.5
    if detail["standards"]:
        said["checklist"] = {each["code"]: world.rng.random() < 0.9 for each in detail["standards"]}
    return said


async def wait_for_requests(world: World) -> None:
    """Until intake has heard as many reopen requests as the last calls gave reason for, or for half a minute."""
    before = -1
    for _ in range(15):
        requests = await world.division().pages("/intake/v1/reopen-requests", most=200, state="open")
        if len(requests) == before:
            return
        before = len(requests)
        await asyncio.sleep(2)


async def decide_reopenings(world: World) -> None:
    """Somebody other than the handler decides on what customers called not fixed."""
    requests = await world.division().pages("/intake/v1/reopen-requests", most=200, state="open")
    bar = world.stage.bar("step 5     reopen requests decided", len(requests))

    async def decide(numbered: tuple[int, dict[str, Any]]) -> None:
        nr, request = numbered
        verdict = "decline" if nr % 3 == 2 else "approve"
        await world.division().post(f"/intake/v1/reopen-requests/{request['id']}/{verdict}")

    await world.spread(list(enumerate(requests)), decide, bar)
