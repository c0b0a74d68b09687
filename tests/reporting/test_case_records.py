"""Case-level reads: each reader their own rows, restricted subjects to named roles only."""

from tests.reporting.conftest import Api
from tests.reporting.given import HOUR, NINE, Desk, Story


async def test_no_region_reads_another_regions_cases_and_restricted_ones_need_the_role(desk: Desk, api: Api) -> None:
    """failures.md 14, for the reads of this service."""
    here, there = Story(office="1102").received(), Story(office="1179").received()
    secret = Story(office="1102", subject="P01").received()
    await desk.tell(here, there, secret)
    readers = {
        api("region_staff", region=1): {here.number},
        api("branch_manager", office="1102"): {here.number},
        api("region_staff", "restricted_reader", region=1): {here.number, secret.number},
        api("complaints_division"): {here.number, there.number},
        api("complaints_division", "restricted_reader"): {here.number, there.number, secret.number},
        api("branch_manager", office="1103"): set(),
    }
    for client, seen in readers.items():
        items = (await client.get("/reporting/v1/cases")).json()["items"]
        assert {item["number"] for item in items} == seen
        for story in (here, there, secret):
            answer = await client.get(f"/reporting/v1/cases/{story.case_id}")
            assert answer.status_code == (200 if story.number in seen else 404)


async def test_a_case_is_shown_as_the_figures_see_it(desk: Desk, api: Api) -> None:
    story = Story().received().resolved(NINE + HOUR)
    await desk.tell(story)
    client = api("complaints_division")
    (item,) = (await client.get("/reporting/v1/cases", params={"subject": "Q01", "state": "resolved"})).json()["items"]
    assert (item["number"], item["on_time"], item["due_at"]) == (story.number, True, "2026-02-04T02:00:00Z")
    assert (await client.get("/reporting/v1/cases", params={"region": 2})).json()["items"] == []


async def test_lists_go_on_where_the_page_before_ended(desk: Desk, api: Api) -> None:
    stories = [Story().received(NINE + n * HOUR) for n in range(5)]
    await desk.tell(*stories)
    client, numbers, query = api("complaints_division"), list[str](), {"limit": "2"}
    while True:
        page = (await client.get("/reporting/v1/cases", params=query)).json()
        numbers += [item["number"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert numbers == [story.number for story in reversed(stories)]
    garbage = await client.get("/reporting/v1/cases", params={"cursor": "garbage"})
    assert garbage.status_code == 422
