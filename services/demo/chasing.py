"""Step 3 of the day: officers are entered, late cases are followed up, officers answer."""

from services.demo import words
from services.demo.cases import World
from services.demo.client import Staff

VACANT_EVERY = 40  # a few posts stay vacant: that is shown too
MOST_CHASES = 25
_POSTS = {
    "branch": ("branch_manager",),
    "region": ("region_director",),
    "area": ("deputy_governor",),
    "head_office": ("head_office", "deputy_governor"),
}
_FOLLOW_UPS = "/escalation/v1/follow-ups"


async def enter_officers(world: World) -> None:
    """Who holds which post, with invented names; posts that somebody holds already stay as they are."""
    division = world.division()
    offices = await division.pages("/escalation/v1/offices")
    bar = world.stage.bar("step 3     officers entered for the offices", len(offices))

    async def enter(numbered: tuple[int, dict[str, str]]) -> None:
        nr, office = numbered
        path = f"/escalation/v1/offices/{office['code']}/posts"
        known = await division.get(path)
        if nr % VACANT_EVERY == 7 or not any(post["vacant"] for post in known["posts"]):
            return
        posts = [{"post": post, "officer": _officer(world, office["code"], post)} for post in _POSTS[office["kind"]]]
        await division.change(path, {"posts": posts}, thing=path, method="PUT")

    await world.spread(list(enumerate(offices)), enter, bar)


def _officer(world: World, office: str, post: str) -> dict[str, object]:
    name = f"{world.rng.choice(words.FIRST_NAMES)} {world.rng.choice(words.LAST_NAMES)}"
    letters = "".join(word[0] for word in post.split("_")).upper()
    return {"staff_code": f"PWA-{office}-{letters}", "name": name, "acting": world.rng.random() < 0.1}


async def follow_up(world: World) -> None:
    """Officers acknowledge the rungs that called upon them; กสส. chases and writes down the answers."""
    late = await world.division().pages(_FOLLOW_UPS, most=200, unacknowledged="true")
    fired = [line for line in late if line["rung"] > 0][:MOST_CHASES]
    bar = world.stage.bar("step 3     late cases acknowledged and chased", len(fired))

    async def answer(numbered: tuple[int, dict[str, object]]) -> None:
        nr, line = numbered
        if nr % 2 == 0:
            await _acknowledge(world, line)
        chase = {
            "whom": f"ผู้รับผิดชอบของ {line['office']}",
            "means": ("phone", "line", "email")[nr % 3],
            "answer": words.CHASED[nr % len(words.CHASED)],
            "next_chase_on": world.in_days(1),
        }
        await world.division().post(f"{_FOLLOW_UPS}/{line['case_id']}/chases", chase)

    await world.spread(list(enumerate(fired)), answer, bar)


async def _acknowledge(world: World, line: dict[str, object]) -> None:
    """The officer whom the last rung called upon takes notice; the case may have moved on since."""
    path = f"/escalation/v1/cases/{line['case_id']}/rungs"
    fired = [rung for rung in (await world.division().get(path))["rungs"] if rung["state"] == "fired"]
    said = {"defer_hours": 12, "note": "รับทราบ กำลังเร่งดำเนินการ"}
    await _officer_of(world, fired[-1]).post(f"{path}/{fired[-1]['rung']}/acknowledge", said)


def _officer_of(world: World, rung: dict[str, str]) -> Staff:
    """Whoever holds the post of a rung; for the head office กสส. itself."""
    if rung["post_office"] == "HQ":
        return world.division()
    return world.product.staff(rung["post"], rung["post_office"])
