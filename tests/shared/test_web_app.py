"""The application of a service, and of several: paths, documentation, health, correlation, shedding, limits."""

import asyncio
import re
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from shared.db import Database, Tx
from shared.testing.postgres import TestDatabase
from shared.web import encode_cursor
from shared.web.app import combine, create_app
from shared.web.edge import Edge
from shared.web.rate_limit import RateLimit
from tests.shared.web_world import World, edge, service, web_database, world  # noqa: F401 - fixtures

CASE = {"channel": "line", "text": "น้ำไม่ไหล"}


async def test_the_index_lists_the_services_in_thai_and_english(edge: World) -> None:
    async with edge.client(None) as client:
        page = await client.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert "รับเรื่อง · Intake" in page.text
    assert 'href="/intake/docs"' in page.text
    assert "Services" in page.text


async def test_the_documentation_page_needs_nothing_from_elsewhere(edge: World) -> None:
    async with edge.client(None) as client:
        page = await client.get("/intake/docs")
        links = re.findall(r'(?:src|href)="([^"]+)"', page.text)
        assert links
        assert all(link.startswith("/intake/") for link in links)
        assert "http" not in re.sub(r"<title>.*?</title>", "", page.text).replace("httpx", "")
        for link in [*links, "/intake/openapi.json"]:
            assert (await client.get(link)).status_code == 200


async def test_every_operation_documents_its_errors_as_problems(edge: World) -> None:
    async with edge.client(None) as client:
        document = (await client.get("/intake/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    operations = {
        (method, path): operation for path, item in document["paths"].items() for method, operation in item.items()
    }
    assert ("post", "/intake/v1/parked/replay") in operations
    expected = {
        ("post", "/intake/v1/cases"): {"201", "400", "401", "403", "408", "413", "415", "422", "503"},
        ("get", "/intake/v1/cases"): {"200", "401", "403", "422", "503"},
        ("put", "/intake/v1/things/{thing_id}"): {"200", "404", "409", "412", "428"},
        ("get", "/intake/v1/track/{code}"): {"200", "404", "429"},
    }
    for key, statuses in expected.items():
        assert statuses <= set(operations[key]["responses"])
    for operation in operations.values():
        for status, response in operation["responses"].items():
            if status >= "400":
                assert list(response["content"]) == ["application/problem+json"]
    assert "HTTPValidationError" not in str(document)
    taking_in = operations["post", "/intake/v1/cases"]
    assert taking_in["security"] == [{"bearer": []}, {"apiKey": []}]
    assert "`cases:create`" in taking_in["description"]
    assert "security" not in operations["get", "/intake/v1/track/{code}"]


async def test_every_reference_of_the_document_leads_somewhere(edge: World) -> None:
    async with edge.client(None) as client:
        document = (await client.get("/intake/openapi.json")).json()
    for reference in set(re.findall(r"'\$ref': '#/([^']+)'", str(document))):
        found: Any = document
        for part in reference.split("/"):
            found = found[part]
        assert found


async def test_paths_are_the_same_alone_and_together(edge: World) -> None:
    other = create_app(service(), edge.context, keys=edge.issuer.jwks())
    for app in (edge.inner, combine({"intake": other, "sla": edge.inner})):
        edge.app = app  # type: ignore[assignment]
        async with edge.client() as client:
            assert (await client.post("/intake/v1/cases", json=CASE)).status_code == 201


async def test_an_unknown_service_is_a_problem_too(edge: World) -> None:
    async with edge.client(None) as client:
        for path in ("/nothing", "/nothing/v1/cases", "/intakes/v1"):
            answer = await client.get(path)
            assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
        assert (await client.post("/livez")).status_code == 405


async def test_a_traceparent_goes_through_and_a_bad_one_is_replaced(edge: World) -> None:
    good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    async with edge.client() as client:
        kept = await client.post("/intake/v1/cases", json=CASE, headers={"traceparent": good})
        assert kept.headers["traceparent"] == good
        for bad in ("", "x", good.upper(), good + "-more", "00-" + "0" * 32 + "-00f067aa0ba902b7-01", "ff" + good[2:]):
            made = await client.post("/intake/v1/cases", json=CASE, headers={"traceparent": bad})
            assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", made.headers["traceparent"])
            assert made.headers["traceparent"] != bad
        problem = await client.get("/intake/v1/nothing", headers={"traceparent": good})
    assert problem.json()["trace"] == good


async def test_every_answer_carries_the_security_headers(edge: World) -> None:
    async with edge.client(None) as client:
        for path in ("/", "/livez", "/metrics", "/intake/docs", "/intake/v1/cases", "/nothing", "/intake/openapi.json"):
            headers = (await client.get(path)).headers
            assert headers["x-content-type-options"] == "nosniff"
            assert "default-src" in headers["content-security-policy"]
            assert "frame-ancestors 'none'" in headers["content-security-policy"]
            assert headers["cache-control"] == "no-store"


async def test_pages_follow_each_other_to_the_end(edge: World) -> None:
    seen: list[int] = []
    path: str | None = "/intake/v1/cases?state=open&limit=50"
    async with edge.client() as client:
        while path:
            answer = await client.get(path)
            seen += answer.json()["items"]
            link = answer.headers.get("link")
            assert (link is None) == (answer.json()["next_cursor"] is None)
            path = link.split(">")[0].removeprefix("<") if link else None
            assert path is None or "state=open" in path
    assert seen == list(range(120))


async def test_a_cursor_of_huge_numbers_is_refused(edge: World) -> None:
    async with edge.client() as client:
        for values in ([2**63], [True], [1.5], [None], [1, 2]):
            answer = await client.get("/intake/v1/cases", params={"cursor": encode_cursor(values)})
            assert answer.json()["code"] == "bad_cursor"


async def test_reads_are_shed_before_writes_and_both_recover(edge: World) -> None:
    gate = asyncio.Event()
    inside = asyncio.Semaphore(0)

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        inside.release()
        await gate.wait()
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    shedding = Edge(slow, service="shedding", reads=2, everything=4)
    edge.app = shedding  # type: ignore[assignment]
    async with edge.client(None) as client:
        waiting = [asyncio.create_task(client.get("/")) for _ in range(2)]
        for _ in waiting:
            await inside.acquire()
        read = await client.get("/")
        writes = [asyncio.create_task(client.post("/")) for _ in range(2)]
        for _ in writes:
            await inside.acquire()
        write = await client.post("/")
        gate.set()
        assert {(await task).status_code for task in (*waiting, *writes)} == {204}
        assert (await client.get("/")).status_code == 204
    for shed in (read, write):
        assert (shed.status_code, shed.headers["retry-after"], shed.json()["code"]) == (503, "2", "overloaded")


async def test_an_answer_that_breaks_off_ends_the_connection(edge: World) -> None:
    async def broken(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError("0812345678")

    edge.app = Edge(broken, service="broken", reads=2, everything=2)  # type: ignore[assignment]
    async with edge.client(None) as client:
        with pytest.raises(ConnectionError, match=r"^the answer broke off$"):
            await client.get("/")


async def test_the_public_page_is_limited_per_client(edge: World) -> None:
    async with edge.client(None) as client:
        statuses = [(await client.get("/intake/v1/track/ABC")).status_code for _ in range(4)]
        refused = await client.get("/intake/v1/track/ABC")
    assert statuses == [200, 200, 200, 429]
    assert refused.headers["retry-after"] == "1"


def test_a_bucket_fills_again_and_clients_do_not_pile_up() -> None:
    now = [0.0]
    limit = RateLimit("test", per_minute=60, burst=1, clients=3, monotonic=lambda: now[0])
    limit.take("a")
    with pytest.raises(Exception, match="Too many"):
        limit.take("a")
    now[0] += timedelta(seconds=1).total_seconds()
    limit.take("a")
    for client in "bcdefg":
        limit.take(client)
    assert len(limit._buckets) == 3


async def test_a_service_with_its_schema_is_ready(world: World) -> None:
    async with world.client(None) as client:
        answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()) == (
        200,
        {"status": "ready", "reasons": [], "services": {"intake": "ready"}},
    )


async def test_what_hampers_a_service_degrades_it_and_nothing_more(web_database: TestDatabase, tmp_path: Any) -> None:
    async def no_policy(_tx: Tx) -> list[str]:
        return ["subject 7 has no policy"]

    world = World(Database(web_database.url("intake"), schema="intake"), tmp_path, checks=no_policy)
    world.context.health = lambda: ["broker: away"]
    async with world.client(None) as client:
        answer = await client.get("/readyz")
        metrics = (await client.get("/metrics")).text
    await world.close()
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert answer.json()["reasons"] == ["intake: subject 7 has no policy", "intake: broker: away"]
    assert 'pwa_degraded{service="intake"} 1.0' in metrics


async def test_a_service_that_nobody_can_sign_in_to_says_so(world: World) -> None:
    world.app = combine({"intake": create_app(service(), world.context)})
    async with world.client() as client:
        ready = await client.get("/readyz")
        refused = await client.get("/intake/v1/cases")
    assert (ready.status_code, ready.json()["status"], refused.status_code) == (200, "degraded", 503)
    assert "PWA_AUTH_JWKS_URL" in ready.json()["reasons"][0]


async def at_revision(revision: str, world: World, database: TestDatabase) -> httpx.Response:
    """What /readyz says when the schema is at this revision and the code at 0001."""
    owner = Database(database.owner_url, schema="intake")
    async with owner.transaction() as tx:
        await tx.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})
    async with world.client(None) as client:
        answer = await client.get("/readyz")
    await owner.dispose()
    return answer


async def test_a_schema_older_than_the_code_is_not_ready(world: World, web_database: TestDatabase) -> None:
    answer = await at_revision("0000", world, web_database)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "this code needs 0001" in answer.json()["reasons"][0]


async def test_processes_of_the_previous_code_go_on_under_a_newer_schema_and_say_so(
    world: World, web_database: TestDatabase
) -> None:
    answer = await at_revision("0002", world, web_database)
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert answer.json()["reasons"] == [
        "intake: schema intake is at revision 0002, newer than this code (0001): deploy the processes that belong to it"
    ]


async def test_requests_are_counted_by_route_never_by_path(edge: World) -> None:
    async with edge.client() as client:
        await client.get("/intake/v1/track/SECRETCODE")
        await client.request("BREW", "/intake/v1/cases")
        metrics = (await client.get("/metrics")).text
    assert 'route="/intake/v1/track/{code}",service="intake",status="200"' in metrics
    assert 'method="OTHER"' in metrics
    assert "SECRETCODE" not in metrics
