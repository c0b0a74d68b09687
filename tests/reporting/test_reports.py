"""Steps 9 and 10 in detail: published is frozen, a change is a new edition, targets and years are compared."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.reporting_service.domain.canonical import digest
from services.reporting_service.jobs import work_runs
from services.reporting_service.use_cases import publishing, runs
from services.reporting_service.use_cases.publishing import customers_by_region
from shared.kernel.clock import BANGKOK, ManualClock
from shared.testing.postgres import TestDatabase
from tests.reporting.conftest import Api
from tests.reporting.given import HOUR, NINE, Desk, Story, ask

QUARTER = {"fiscal_year": 2569, "quarter": 2}
OCTOBER = datetime(2026, 10, 2, 9, 0, tzinfo=BANGKOK)


async def publish(desk: Desk, client: httpx.AsyncClient, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Ask for a report, let it be built, read it."""
    asked = await client.post(f"/reporting/v1/{path}", json=body)
    assert asked.status_code == 202, asked.text
    await desk.work(send=False)
    run = (await client.get(asked.headers["Location"])).json()
    assert run["state"] == "done", run
    where = "evaluations" if path == "evaluations" else "reports"
    view: dict[str, Any] = (await client.get(f"/reporting/v1/{where}/{run['result']['report_id']}")).json()
    return view | {"new": run["result"]["new_edition"]}


def indicator(report: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in report["content"]["figures"]["indicators"] if each["id"] == name)
    return found


async def test_a_quarterly_report_is_frozen_and_only_restated_by_a_new_edition(desk: Desk, api: Api) -> None:
    """failures.md 21."""
    client = api("complaints_division")
    story = Story().received()
    await desk.tell(story, Story().received().resolved(NINE + HOUR))
    desk.clock.set(OCTOBER)
    first = await publish(desk, client, "reports/quarterly", QUARTER)
    assert (first["edition"], first["new"]) == (1, True)
    assert digest(first["content"]) == first["sha256"]
    assert indicator(first, "O1")["headline"]["due"] == 2
    again = await publish(desk, client, "reports/quarterly", QUARTER)
    assert (again["id"], again["new"]) == (first["id"], False)
    target = await client.put("/reporting/v1/targets/2569/O1", json={"value": 0.5})
    assert target.json()["targets"]["O1"] == 0.5
    await desk.tell(story.resolved(NINE + 2 * HOUR))
    second = await publish(desk, client, "reports/quarterly", QUARTER)
    assert (second["edition"], indicator(second, "O1")["target_met"]) == (2, True)
    restated = second["content"]["restatement"]
    assert (restated["of"], restated["of_sha256"]) == (first["id"], first["sha256"])
    changes = {each["at"]: (each["before"], each["after"]) for each in restated["changes"]}
    assert changes["/indicators/0/value"] == (0.5, 1.0)
    assert changes["/indicators/0/target"] == (0.9, 0.5)
    kept = (await client.get(f"/reporting/v1/reports/{first['id']}")).json()
    assert (kept["content"], kept["sha256"]) == (first["content"], first["sha256"])


class Passing(ManualClock):
    """A clock on which every look takes a second."""

    def now(self) -> datetime:
        self.advance(timedelta(seconds=1))
        return super().now()


async def test_a_run_ends_after_its_report_was_published(desk: Desk) -> None:
    desk.db.clock = Passing(NINE)
    async with desk.db.transaction() as tx:
        run = await runs.ask(tx, "quarterly", QUARTER)
    await work_runs(desk.context)
    async with desk.db.transaction() as tx:
        ended = await runs.see(tx, run.id)
        report = await publishing.see(tx, UUID(ended.result["report_id"]), "quarterly")
    assert ended.ended_at > report.published_at


async def test_nobody_can_edit_what_was_published(desk: Desk, api: Api) -> None:
    await publish(desk, api("complaints_division"), "reports/quarterly", QUARTER)
    for statement in ("UPDATE reporting.report SET sha256 = 'x'", "DELETE FROM reporting.report"):
        with pytest.raises(DBAPIError, match="only ever added to"):
            async with desk.db.transaction() as tx:
                await tx.execute(text(statement))


async def test_a_publication_is_told_once_with_its_hash(desk: Desk, api: Api, database: TestDatabase) -> None:
    report = await publish(desk, api("complaints_division"), "reports/quarterly", QUARTER)
    await publish(desk, api("complaints_division"), "reports/quarterly", QUARTER)
    query = "SELECT payload->>'sha256' AS hash FROM reporting.outbox WHERE type = 'pwa.reporting.report-published.v1'"
    assert [row["hash"] for row in await ask(database, query)] == [report["sha256"]]


async def test_a_quarter_that_still_runs_says_so_and_judges_only_what_was_due(desk: Desk, api: Api) -> None:
    await desk.tell(Story().received(), Story().received(NINE - 48 * HOUR))
    report = await publish(desk, api("complaints_division"), "reports/quarterly", QUARTER)
    assert report["content"]["period_over"] is False
    assert indicator(report, "O1")["headline"]["due"] == 1


async def test_rates_are_weighted_by_customers(desk: Desk, api: Api) -> None:
    await desk.tell(*(Story(office="1102").received() for _ in range(3)), Story(office="HQ").received())
    desk.clock.set(OCTOBER)
    volume = (await publish(desk, api("complaints_division"), "reports/quarterly", QUARTER))["content"]["figures"][
        "volume"
    ]
    customers = customers_by_region()
    region = volume["complaints_by_region"][0]
    assert (region["complaints"], region["customers"]) == (3, customers[1])
    assert region["per_1000_customers"] == round(3000 / customers[1], 4)
    assert volume["per_1000_customers"] == round(3000 / sum(customers.values()), 4)
    assert volume["complaints_at_head_office"] == 1


async def test_the_september_evaluation_compares_the_same_months_with_targets_and_both_cycles(
    desk: Desk, api: Api
) -> None:
    year = timedelta(days=365)
    before = Story().received(NINE - year).resolved(NINE - year + HOUR)
    late_september = datetime(2025, 9, 20, 9, tzinfo=BANGKOK)
    outside = Story().received(late_september)
    reopened = Story().received().resolved(NINE + HOUR).reopened(NINE + 48 * HOUR, due=NINE + 71 * HOUR)
    reopened.resolved(NINE + 49 * HOUR)
    sound = Story().received().resolved(NINE + HOUR).called(NINE + 2 * HOUR, speed=5)
    await desk.tell(before, outside, reopened, sound)
    desk.clock.set(OCTOBER)
    report = await publish(desk, api("complaints_division"), "evaluations", {"fiscal_year": 2569})
    content = report["content"]
    assert (content["period"]["since"], content["period"]["until"]) == ("2025-09-30T17:00:00Z", "2026-08-31T17:00:00Z")
    assert content["compared_with"]["year_before"]["until"] == "2025-08-31T17:00:00Z"
    first = indicator(report, "O1")
    assert (first["headline"]["due"], first["value"], first["compared"]["year_before"]["value"]) == (2, 0.5, 1.0)
    assert (first["first_cycle"]["on_time"], first["last_cycle"]["on_time"]) == (2, 2)
    assert (first["target"], first["target_met"], first["compared"]["year_before"]["change"]) == (0.9, False, -0.5)
    assert indicator(report, "O3")["value"] == 5.0
    assert [each["id"] for each in content["figures"]["indicators"]] == ["O1", "O2", "O3", "P1", "P2"]
    assert content["method"]["share"].endswith("Wilson's score method")
    assert content["th"]["title"].endswith("ปีงบประมาณ 2569")


async def test_a_quarter_is_compared_with_the_quarter_before_and_the_same_quarter_of_the_year_before(
    desk: Desk, api: Api
) -> None:
    quarter, year = timedelta(days=90), timedelta(days=365)
    kept = [Story().received(at).resolved(at + HOUR) for at in (NINE, NINE - quarter, NINE - year)]
    missed = [Story().received(at) for at in (NINE, NINE - year, NINE - year, NINE - year)]
    await desk.tell(*kept, *missed)
    desk.clock.set(OCTOBER)
    report = await publish(desk, api("complaints_division"), "reports/quarterly", QUARTER)
    content, first = report["content"], indicator(report, "O1")
    assert {name: (span["since"], span["until"]) for name, span in content["compared_with"].items()} == {
        "previous_quarter": ("2025-09-30T17:00:00Z", "2025-12-31T17:00:00Z"),
        "year_before": ("2024-12-31T17:00:00Z", "2025-03-31T17:00:00Z"),
    }
    told = {name: (each["value"], each["change"]) for name, each in first["compared"].items()}
    assert (first["value"], told) == (0.5, {"previous_quarter": (1.0, -0.5), "year_before": (0.25, 0.25)})
    volumes = content["figures"]["volume_compared"]
    assert {name: each["complaints"] for name, each in volumes.items()} == {"previous_quarter": 1, "year_before": 4}
    assert "year_before" not in first
    assert "ไตรมาสก่อนหน้า" in content["th"]["period"]


@pytest.mark.parametrize(
    ("name", "value"), [("O1", 4.0), ("O1", 1.01), ("P2", 2), ("O2", 0.9), ("O3", 0.0), ("O3", 5.1), ("P1", -0.1)]
)
async def test_a_target_that_no_figure_can_reach_is_refused(api: Api, name: str, value: float) -> None:
    answer = await api("complaints_division").put(f"/reporting/v1/targets/2569/{name}", json={"value": value})
    assert (answer.status_code, answer.json()["code"]) == (422, "target_off_scale")
    kept = await api("complaints_division").get("/reporting/v1/targets/2569")
    assert kept.json()["targets"] == {"O1": 0.9, "O2": 4.0, "O3": 4.0, "P1": 0.85, "P2": 0.85}


async def test_the_final_edition_follows_the_september_one_with_its_own_cut_off(desk: Desk, api: Api) -> None:
    september = Story().received(datetime(2026, 9, 10, 9, tzinfo=BANGKOK))
    await desk.tell(september)
    desk.clock.set(OCTOBER)
    client = api("complaints_division")
    first = await publish(desk, client, "evaluations", {"fiscal_year": 2569})
    final = await publish(desk, client, "evaluations", {"fiscal_year": 2569, "edition": "final"})
    assert (first["stage"], final["stage"], final["edition"]) == ("september", "final", 2)
    assert final["content"]["restatement"] is None
    assert (indicator(first, "O1")["headline"]["due"], indicator(final, "O1")["headline"]["due"]) == (0, 1)
    listed = (await client.get("/reporting/v1/evaluations", params={"fiscal_year": 2569})).json()["items"]
    assert [each["edition"] for each in listed] == [2, 1]


async def test_a_case_settled_before_the_period_but_due_in_it_is_counted(desk: Desk, api: Api) -> None:
    since = datetime(2026, 1, 1, tzinfo=BANGKOK)
    await desk.tell(Story().received(since - 2 * HOUR, due=since + HOUR).resolved(since - HOUR))
    desk.clock.set(OCTOBER)
    report = await publish(desk, api("complaints_division"), "reports/quarterly", QUARTER)
    assert indicator(report, "O1")["headline"]["on_time"] == 1


async def test_a_cut_off_outside_the_year_is_refused_and_a_report_needs_the_right(desk: Desk, api: Api) -> None:
    body = {"fiscal_year": 2569, "cut_off": "2026-10-01"}
    answer = await api("complaints_division").post("/reporting/v1/evaluations", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "cut_off_outside_year")
    assert (await api("committee").post("/reporting/v1/evaluations", json=body)).status_code == 403
    assert (await api("committee").get("/reporting/v1/evaluations")).status_code == 200


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("reports/quarterly", QUARTER | {"quarter": 3}),
        ("reports/quarterly", QUARTER | {"fiscal_year": 2570}),
        ("evaluations", {"fiscal_year": 2570}),
    ],
)
async def test_a_report_about_a_period_that_has_not_begun_is_refused(
    desk: Desk, api: Api, path: str, body: dict[str, Any]
) -> None:
    answer = await api("complaints_division").post(f"/reporting/v1/{path}", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "period_not_begun")


async def test_restricted_complaints_count_in_the_totals(desk: Desk, api: Api) -> None:
    await desk.tell(Story(subject="P02").received().resolved(NINE + HOUR))
    desk.clock.set(OCTOBER)
    volume = (await publish(desk, api("complaints_division"), "reports/quarterly", QUARTER))["content"]["figures"][
        "volume"
    ]
    assert (volume["complaints"], volume["top_causes"]) == (1, [])
