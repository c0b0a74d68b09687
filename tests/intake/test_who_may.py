"""Who may call which endpoint: nobody unknown, and nobody without the right."""

from fastapi.routing import APIRoute

from services.intake_service.api import ROUTERS
from shared.kernel.access import ROLES
from tests.intake.given import Desk

ID = "0198c7b2-0000-7000-8000-000000000001"
OPEN_TO_ALL = {"/intake/v1/track/{code}"}
OPEN_TO_ANY_ROLE = {"/intake/v1/subjects", "/intake/v1/subjects/versions", "/intake/v1/offices"}
# Who gets past the door of each endpoint that changes something; all else is 403.
MAY = {
    "/intake/v1/cases": "cases:create",
    "/intake/v1/cases/{case_id}/accept": "cases:work",
    "/intake/v1/cases/{case_id}/bounce": "cases:work",
    "/intake/v1/cases/{case_id}/resolve": "cases:work",
    "/intake/v1/cases/{case_id}/reopen": "cases:decide",
    "/intake/v1/reopen-requests/{request_id}/approve": "cases:decide",
    "/intake/v1/reopen-requests/{request_id}/decline": "cases:decide",
    "/intake/v1/api-keys": "operations",
}


def endpoints() -> list[tuple[str, str]]:
    routes = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    return [(method, route.path) for route in routes for method in sorted(route.methods or ())]


def concrete(path: str) -> str:
    for name in ("case_id", "request_id", "key_id", "number", "code"):
        path = path.replace(f"{{{name}}}", ID)
    return path


async def test_nobody_unknown_gets_past_the_door(desk: Desk) -> None:
    visitor = desk.system.anonymous()
    assert len(endpoints()) > 25
    for method, path in endpoints():
        answer = await visitor.request(method, concrete(path), headers={"If-Match": '"1"'}, json={})
        assert answer.status_code == (404 if path in OPEN_TO_ALL else 401), (method, path)


async def test_a_role_without_any_right_here_is_refused_everywhere(desk: Desk) -> None:
    """A line (สายงาน) answers directives: it has no business with cases."""
    line = desk.system.api("line")
    for method, path in endpoints():
        if path in OPEN_TO_ALL | OPEN_TO_ANY_ROLE:
            continue
        answer = await line.request(method, concrete(path), headers={"If-Match": '"1"'}, json={})
        assert answer.status_code == 403, (method, path)


async def test_every_role_gets_as_far_as_its_rights(desk: Desk) -> None:
    for role in sorted(ROLES):
        client = desk.system.api(role, office="1102")
        for path, right in MAY.items():
            answer = await client.post(concrete(path), headers={"If-Match": '"1"'}, json={"x": 1})
            assert (answer.status_code != 403) == (right in ROLES[role]), (role, path)
