"""Step 1 of the day: classification, questions, answers, routing, and the branches' work."""

from services.demo import words
from services.demo.cases import Living, World
from services.demo.plan import AT_WORK, DONE, Fate
from shared.reference import subjects


async def classify(world: World, cases: list[Living]) -> None:
    """A person reads the suggestion and settles the subject."""
    waiting = [case for case in cases if case.state == "received" and not _stays_unread(case)]
    bar = world.stage.bar("step 1     classified", len(waiting))

    async def settle(case: Living) -> None:
        who = world.clerk(case)
        await who.get(f"{case.path}/suggestion")
        await world.change(case, who, "classify", {"subject": case.planned.subject})

    await world.spread(waiting, settle, bar)


def _stays_unread(case: Living) -> bool:
    """Some of the queue has not been looked at yet."""
    return case.planned.fate in (Fate.QUEUE, Fate.QUEUE_LATE) and case.planned.nr % 2 == 0


async def ask(world: World, cases: list[Living]) -> None:
    """Something is missing: the complainant is asked, and most of them answer."""
    unclear = [case for case in cases if case.planned.asks and case.state in ("classified", "routed")]
    bar = world.stage.bar("step 1     information asked for", len(unclear))

    async def request(case: Living) -> None:
        missing = [words.MISSING[case.planned.nr % len(words.MISSING)]]
        await world.change(case, world.clerk(case), "request-information", {"missing": missing, "asked": "complainant"})
        if case.planned.fate is Fate.REPAIR:
            said = words.SUPPLIED[case.planned.nr % len(words.SUPPLIED)]
            await world.change(case, world.clerk(case), "supply-information", {"text": said})

    await world.spread(unclear, request, bar)


async def answer(world: World, cases: list[Living]) -> None:
    """General enquiries are answered and closed at once; a few cases turn out to be mistaken."""
    asked = [case for case in cases if case.planned.fate is Fate.ANSWER]
    mistaken = [case for case in cases if case.planned.fate is Fate.CANCEL]
    bar = world.stage.bar("step 1     enquiries answered, cases cancelled", len(asked) + len(mistaken))

    async def reply(case: Living) -> None:
        await world.change(case, world.clerk(case), "answer", {"text": words.ANSWERS[case.planned.subject]})

    async def cancel(case: Living) -> None:
        await world.change(case, world.clerk(case), "cancel", {"reason": "mistaken"})

    await world.spread(asked, reply, bar)
    await world.spread(mistaken, cancel, bar)


async def route(world: World, cases: list[Living]) -> None:
    """The head office gives cases to their branches; a branch may say that it is not theirs."""
    waiting = [c for c in cases if c.planned.fate in AT_WORK and c.state == "classified"]
    bar = world.stage.bar("step 1     routed to the branches", len(waiting))

    async def give(case: Living) -> None:
        who = world.clerk(case) if case.office != "HQ" else world.head_office(case)
        await world.change(case, who, "route", {"branch": case.planned.branch})
        if case.planned.is_bounced:
            reason = words.BOUNCES[case.planned.nr % len(words.BOUNCES)]
            await world.change(case, world.branch(case), "bounce", {"reason": reason})
            await world.change(case, world.head_office(case), "route", {"branch": case.planned.branch})

    await world.spread(waiting, give, bar)


async def accept(world: World, cases: list[Living]) -> None:
    offered = [case for case in cases if case.planned.fate in AT_WORK and case.state == "routed"]
    bar = world.stage.bar("step 1     accepted by the branches", len(offered))

    async def take(case: Living) -> None:
        await world.change(case, world.branch(case), "accept", {})

    await world.spread(offered, take, bar)


async def resolve(world: World, cases: list[Living]) -> None:
    """The branches report completion: repaired or not, in time or late."""
    done = [case for case in cases if case.planned.fate in DONE and case.state == "in_progress"]
    bar = world.stage.bar("step 4     reported done by the branches", len(done))

    async def report(case: Living) -> None:
        await world.change(case, world.branch(case), "resolve", work_report(case))

    await world.spread(done, report, bar)


def work_report(case: Living) -> dict[str, object]:
    """What the branch says of its work."""
    planned, letter = case.planned, case.planned.subject[0]
    is_repaired = planned.fate is not Fate.NOT_REPAIRED
    causes, actions = words.CAUSES[letter], words.ACTIONS[letter]
    report: dict[str, object] = {
        "repaired": is_repaired,
        "cause": causes[planned.nr % len(causes)],
        "action": actions[planned.nr % len(actions)] if is_repaired else "ตรวจสอบหน้างานแล้ว ยังแก้ไขไม่ได้",
        "done_at": planned.done_at.isoformat(),
    }
    if is_repaired and subjects()[planned.subject].kind == "complaint":
        report["mister_prapa"] = f"MP-{planned.branch}-0{1 + planned.nr % 3}"
    if not is_repaired:
        report["not_repaired_reason"] = words.NOT_REPAIRED[planned.nr % len(words.NOT_REPAIRED)]
    return report
