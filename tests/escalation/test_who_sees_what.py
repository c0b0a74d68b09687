"""Role by row over everything that shows the follow-up list: lines, counts, the spreadsheet, the rungs of a case."""

import io
from collections.abc import Mapping

import httpx
import openpyxl
import pytest

from shared.kernel.access import ROLES
from tests.escalation.given import Case, Desk, Front

# Region 1 and region 8 are one deputy governor's area (D3), region 2 is another's (D4); HQ belongs to no region.
ROWS: Mapping[str, tuple[str, bool]] = {
    "own": ("1102", False), "neighbour": ("1103", False), "area": ("1099", False), "far": ("1148", False),
    "queue": ("HQ", False), "own restricted": ("1102", True), "far restricted": ("1148", True),
}  # fmt: skip
OPEN = {"own", "neighbour", "area", "far", "queue"}
SEEN: Mapping[tuple[str, str | None, str | None], set[str] | None] = {
    ("branch_staff", "1102", None): {"own"},
    ("branch_manager", "1102", None): {"own"},
    ("branch_manager", "1102", "restricted_reader"): {"own", "own restricted"},
    ("region_staff", "R01", None): {"own", "neighbour"},
    ("region_director", "R01", None): {"own", "neighbour"},
    ("region_director", "R02", None): {"far"},
    ("deputy_governor", "D3", None): {"own", "neighbour", "area"},
    ("deputy_governor", "D4", "restricted_reader"): {"far", "far restricted"},
    ("branch_staff", None, None): set(),
    ("complaints_division", None, None): OPEN,
    ("complaints_division", None, "restricted_reader"): set(ROWS),
    **{
        (role, None, None): None
        for role in ROLES
        if role not in {"branch_staff", "branch_manager", "region_staff", "region_director", "deputy_governor"}
        and role != "complaints_division"
    },
}


async def everybody(desk: Desk) -> dict[str, Case]:
    cases = {name: Case(office, restricted=restricted) for name, (office, restricted) in ROWS.items()}
    for name, case in cases.items():
        registered = case.registered(desk.now).model_copy(update={"number": f"no {name}"})
        await desk.hear(registered, case.breached(desk.now))
    return cases


async def in_the_file(reader: httpx.AsyncClient) -> set[str]:
    answer = await reader.get("/follow-ups.xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    head, *lines = sheet.iter_rows(values_only=True)
    return {line[head.index("เลขรับเรื่อง")] for line in lines}


def test_every_role_has_its_row_in_the_table() -> None:
    assert {role for role, _, _ in SEEN} == set(ROLES)


@pytest.mark.parametrize(("who", "seen"), SEEN.items(), ids=[" ".join(filter(None, who)) for who in SEEN])
async def test_14_role_by_row_over_the_list_its_counts_its_file_and_each_case(
    desk: Desk, front: Front, who: tuple[str, str | None, str | None], seen: set[str] | None
) -> None:
    cases = await everybody(desk)
    role, office, also = who
    reader = front.sign_in(role, office, *([also] if also else []))
    if seen is None:
        for path in ("/follow-ups", "/follow-ups/counts", "/follow-ups.xlsx", f"/cases/{cases['own'].case_id}/rungs"):
            assert (await reader.get(path)).status_code == 403, path
        return
    for sort in ("overdue", "urgent"):
        lines = (await reader.get("/follow-ups", params={"sort": sort})).json()["items"]
        assert {line["case_id"] for line in lines} == {str(cases[name].case_id) for name in seen}
    counts = (await reader.get("/follow-ups/counts")).json()
    assert counts["total"]["total"] == len(seen)
    assert {row["office"] for row in counts["offices"]} == {ROWS[name][0] for name in seen}
    assert sum(row["total"] for row in counts["offices"]) == len(seen)
    assert await in_the_file(reader) == {f"no {name}" for name in seen}
    for name, case in cases.items():
        status = (await reader.get(f"/cases/{case.case_id}/rungs")).status_code
        assert status == (200 if name in seen else 404), name


async def test_14_no_filter_widens_what_a_reader_sees(desk: Desk, front: Front) -> None:
    await everybody(desk)
    manager = front.sign_in("branch_manager", "1102")
    for query in ("office=1148", "region=2", "office=HQ", "number=far", "region=2&sort=urgent"):
        assert (await manager.get(f"/follow-ups?{query}")).json()["items"] == [], query
        counts = (await manager.get(f"/follow-ups/counts?{query.removesuffix('&sort=urgent')}")).json()
        assert counts["total"]["total"] == 0, query
