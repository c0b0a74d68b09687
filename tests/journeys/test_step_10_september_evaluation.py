"""Process step 10: the process judges itself each September, by figures that anybody can compute again."""

from collections.abc import Collection
from datetime import timedelta
from statistics import fmean
from typing import Any

import pytest

from shared.testing.system import System
from tests.journeys.calling import answer_call, run, try_in_vain
from tests.journeys.closing import change, closed, registered, report_done
from tests.journeys.september_oracle import Answers, on_time, wilson

YEAR = {"fiscal_year": 2569, "cut_off": "2026-02-20"}


async def reopened(system: System, case_id: str, reason: str = "not_fixed") -> None:
    await change(system.api("complaints_division", subject="malee"), case_id, "reopen", {"reason": reason})
    await system.drain()


async def a_year_of_work(system: System) -> dict[str, str]:
    """A few of everything: in time, late, open, reopened, unreached, no phone, not a complaint, cancelled."""
    done: dict[str, str] = {}
    done["early"] = await closed(system, channel="contact_center_1662")
    await answer_call(system, done["early"], contact_center=5, channel_convenience=4)
    done["displeased"] = await closed(system, channel="line", contact={"phone": "0812345671"})
    await answer_call(system, done["displeased"], repair=2, speed=2, channel_variety=2, channel_convenience=3)
    done["unreached"] = await closed(system, contact={"phone": "0812345672"})
    await try_in_vain(system, done["unreached"], "refused")
    done["no phone"] = await closed(system, {"email": "somying@example.com"})
    done["anonymous"] = await closed(system, {})
    done["incident"] = await closed(system, subject="I02")
    done["open"] = await registered(system, contact={"phone": "0812345673"})
    done["late"] = await registered(system, contact={"phone": "0812345674"})
    done["last minute"] = await registered(system, contact={"phone": "0812345675"})
    done["cancelled"] = await registered(system, contact={"phone": "0812345676"})
    division = system.api("complaints_division", subject="malee")
    await change(division, done["cancelled"], "cancel", {"reason": "withdrawn"})
    await system.advance(hours=23, minutes=59)
    await report_done(system, done["last minute"])
    await system.advance(hours=2)
    await report_done(system, done["late"])
    await answer_call(system, done["late"], repair=4, speed=1, called_back_by_contact_center=True, contact_center=2)
    await reopened(system, done["displeased"], "dissatisfied")
    await report_done(system, done["displeased"])
    await answer_call(system, done["displeased"], repair=5, speed=5, channel_variety=5, channel_convenience=5)
    await system.advance(hours=70)
    await reopened(system, done["last minute"])
    await system.advance(minutes=1)
    await report_done(system, done["last minute"])
    return done


async def evaluation(system: System) -> dict[str, Any]:
    result = await run(system, system.api("complaints_division"), "evaluations", YEAR)
    answer = await system.api("committee").get(f"/reporting/v1/evaluations/{result['report_id']}")
    view: dict[str, Any] = answer.json()
    return view


def indicators(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["id"]: each for each in report["content"]["figures"]["indicators"]}


def assert_mean(figure: dict[str, Any], scores: Collection[int]) -> None:
    assert (figure["n"], figure["value"]) == (len(scores), pytest.approx(fmean(scores), abs=1e-4))


@pytest.mark.transports
async def test_every_figure_of_the_evaluation_equals_what_the_sources_say(system: System) -> None:
    began = system.clock.now()
    await a_year_of_work(system)
    told = indicators(await evaluation(system))
    span = (began - timedelta(days=1), system.clock.now())
    due, good = await on_time(system, span)
    one = told["O1"]["headline"]
    assert (one["due"], one["on_time"]) == (due, good)
    assert (due, good) == (8, 4)
    assert (one["low"], one["high"]) == pytest.approx(wilson(good, due), abs=1e-4)

    answers = await Answers.of(system, span)
    reach = answers.reach()
    assert reach["no_phone"] >= 1
    for name in ("O2", "O3"):
        assert {key: told[name]["headline"][key] for key in reach} == reach
    speeds, variety = answers.worst("speed"), answers.worst("channel_variety")
    assert_mean(told["O3"]["headline"], speeds.values())
    assert_mean(told["O2"]["headline"]["variety"], variety.values())
    convenience = answers.worst("channel_convenience")
    by_channel = told["O2"]["headline"]["convenience_by_channel"]
    for channel in {answers.channel[case] for case in convenience}:
        own = [score for case, score in convenience.items() if answers.channel[case] == channel]
        assert_mean(by_channel[channel], own)

    for name, among, question in (
        ("P1", answers.with_prapa(), "repair"),
        ("P2", answers.with_1662(), "contact_center"),
    ):
        scores = answers.worst(question, among)
        pleased = sum(score >= 4 for score in scores.values())
        figure = told[name]["headline"]
        assert (figure["n"], figure["satisfied"]) == (len(scores), pleased), name
        assert (figure["low"], figure["high"]) == pytest.approx(wilson(pleased, len(scores)), abs=1e-4), name
        assert {key: figure[key] for key in reach} == answers.reach(among), name


async def test_closing_early_and_reopening_improves_nothing_and_both_cycles_are_shown(system: System) -> None:
    """failures.md 16 and 34, whole."""
    case_id = await registered(system)
    await system.advance(hours=23, minutes=59)
    await report_done(system, case_id)
    await answer_call(system, case_id, repair=1, fixed=False, speed=1)
    await system.advance(hours=72)
    await reopened(system, case_id)
    await system.advance(minutes=1)
    await report_done(system, case_id)
    await answer_call(system, case_id, repair=5, speed=5)
    told = indicators(await evaluation(system))
    one, three, prapa = told["O1"], told["O3"], told["P1"]
    assert (one["headline"]["on_time"], one["first_cycle"]["on_time"]) == (0, 1)
    assert (three["value"], three["first_cycle"]["value"], three["last_cycle"]["value"]) == (1.0, 1.0, 5.0)
    assert (prapa["value"], prapa["last_cycle"]["value"]) == (0.0, 1.0)


async def test_a_published_evaluation_never_changes_whatever_happens_afterwards(system: System) -> None:
    """failures.md 21."""
    case_id = await registered(system)
    await system.advance(hours=30)
    before = await evaluation(system)
    division = system.api("complaints_division")
    await report_done(system, case_id)
    await division.put("/reporting/v1/targets/2569/O1", json={"value": 0.1})
    await system.advance(hours=24)
    kept = (await division.get(f"/reporting/v1/evaluations/{before['id']}")).json()
    assert (kept["sha256"], kept["content"]) == (before["sha256"], before["content"])
    after = await evaluation(system)
    assert (after["edition"], after["content"]["restatement"]["of_sha256"]) == (2, before["sha256"])


async def test_the_projection_behind_the_figures_can_be_computed_again_from_the_fact_log(system: System) -> None:
    await a_year_of_work(system)
    cases = (await system.sql("SELECT count(*) FROM intake.cases"))[0][0]
    operator = system.api("operator")
    assert await run(system, operator, "projections/recompute", {}) == {"cases": cases, "differing": 0}
