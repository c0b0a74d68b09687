"""What an operator may do in every service over the API."""

from uuid import UUID

from shared.contracts.intake import CaseAccepted
from shared.kernel.ids import uuid7
from shared.testing.start import START
from tests.shared.web_world import World, web_database, world  # noqa: F401 - fixtures

PARK = """
INSERT INTO parked (event_id, topic, key, seq, type, reason, error, envelope, parked_at)
VALUES (:id, 'pwa.intake.v1', :key, 1, 'pwa.none.v1', 'unreadable', '', NULL, now())"""
SENT = """
WITH gone AS (DELETE FROM outbox RETURNING *)
INSERT INTO outbox_sent (id, event_id, topic, key, seq, type, recorded_at, stream_began_at, headers, payload, sent_at)
SELECT id, event_id, topic, key, seq, type, recorded_at, stream_began_at, headers, payload, now() FROM gone"""


def accepted(case_id: UUID) -> CaseAccepted:
    return CaseAccepted(case_id=case_id, office="1102", region=1, kind="complaint", restricted=False, accepted_at=START)


async def test_only_operators_may(world: World) -> None:
    async with world.client() as clerk, world.client(None) as nobody:
        for client, status in ((clerk, 403), (nobody, 401)):
            assert (await client.get("/intake/v1/parked")).status_code == status
            assert (await client.get("/intake/v1/audit")).status_code == status
            assert (await client.post("/intake/v1/parked/replay", json={"reason": "poison"})).status_code == status
            assert (await client.post("/intake/v1/outbox/replay", json={"topic": "x"})).status_code == status


async def test_parked_events_are_listed_page_by_page(world: World) -> None:
    for number in range(5):
        await world.run(PARK, id=uuid7(), key=f"key-{number % 2}")
    async with world.client(world.token("operator")) as client:
        first = (await client.get("/intake/v1/parked?limit=3")).json()
        second = (await client.get(f"/intake/v1/parked?limit=3&cursor={first['next_cursor']}")).json()
        of_key = (await client.get("/intake/v1/parked?key=key-1")).json()
        settled = (await client.get("/intake/v1/parked?state=discarded")).json()
        wrong = await client.get("/intake/v1/parked?state=lost")
    assert [row["key"] for row in first["items"] + second["items"]] == ["key-0", "key-1", "key-0", "key-1", "key-0"]
    assert (len(of_key["items"]), settled["items"], second["next_cursor"]) == (2, [], None)
    assert "envelope" not in first["items"][0]
    assert wrong.status_code == 422


async def test_everything_at_once_must_be_asked_for_by_name(world: World) -> None:
    async with world.client(world.token("operator")) as client:
        for path, body in (("replay", {}), ("discard", {"why": "ซ้ำ"})):
            answer = await client.post(f"/intake/v1/parked/{path}", json=body)
            assert (answer.status_code, answer.json()["code"]) == (422, "nothing_chosen")


async def test_a_parked_event_is_discarded_with_the_reason_on_record(world: World) -> None:
    await world.run(PARK, id=uuid7(), key="key")
    async with world.client(world.token("operator", subject="napa")) as client:
        phone = await client.post("/intake/v1/parked/discard", json={"key": "key", "why": "โทร 0812345678"})
        done = await client.post("/intake/v1/parked/discard", json={"key": "key", "why": "เหตุการณ์ซ้ำ"})
        audit = (await client.get("/intake/v1/audit?actor=napa")).json()["items"]
        none = (await client.get("/intake/v1/audit?actor=other")).json()["items"]
        later = (await client.get("/intake/v1/audit?since=2190-01-01T00:00:00Z")).json()["items"]
    assert (phone.status_code, done.json()) == (422, {"count": 1})
    row = (await world.run("SELECT state, settled_by, settled_why FROM parked"))[0]
    assert (row.state, row.settled_by, row.settled_why) == ("discarded", "napa", "เหตุการณ์ซ้ำ")
    assert [(entry["action"], entry["actor"]) for entry in audit] == [("parked.discarded", "napa")]
    assert (none, later) == ([], [])


async def test_a_replay_says_how_it_went(world: World) -> None:
    await world.run(PARK, id=uuid7(), key="key")
    async with world.client(world.token("operator")) as client:
        answer = await client.post("/intake/v1/parked/replay", json={"reason": "unreadable"})
    assert answer.status_code == 200
    assert answer.json() == {"applied": 0, "failed": 1}


async def test_history_is_sent_again_under_the_same_ids(world: World) -> None:
    case_id = uuid7()
    async with world.db.transaction() as tx:
        await tx.publish(accepted(case_id))
    before = await world.run("SELECT event_id, seq FROM outbox")
    await world.run(SENT)
    async with world.client(world.token("operator")) as client:
        other = await client.post("/intake/v1/outbox/replay", json={"topic": "pwa.sla.v1"})
        again = await client.post("/intake/v1/outbox/replay", json={"topic": "pwa.intake.v1", "key": str(case_id)})
    assert (other.json(), again.json()) == ({"count": 0}, {"count": 1})
    assert [tuple(row) for row in await world.run("SELECT event_id, seq FROM outbox")] == [tuple(r) for r in before]
