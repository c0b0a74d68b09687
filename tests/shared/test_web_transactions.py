"""The unit of work of a request: committed before the answer leaves, once per key, never an unexplained 5xx."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text

from shared.db import Database
from shared.db.idempotency import PURGED_AT_ONCE, claim_keys
from shared.kernel.clock import ManualClock
from shared.kernel.errors import Conflict
from shared.testing.postgres import TestDatabase
from shared.testing.start import START
from shared.web.idempotency import Idempotency, KeyInProgress, Replay, check_keys, purge_idempotency
from tests.shared.web_world import World, at, edge, web_database, world  # noqa: F401 - fixtures

ROW = {"id": 1, "name": "ท่อแตก"}
KEY = {"Idempotency-Key": "k-1"}


async def test_a_row_is_there_once_the_answer_is(world: World) -> None:
    async with world.client() as client:
        answer = await client.post("/intake/v1/things", json=ROW)
    assert (answer.status_code, answer.headers["location"]) == (201, "/intake/v1/things/1")
    assert [row.name for row in await world.run("SELECT name FROM thing")] == ["ท่อแตก"]
    audit = await world.run("SELECT actor, action, traceparent FROM audit")
    assert [(row.actor, row.action) for row in audit] == [("dev-complaints_division", "thing.made")]
    assert audit[0].traceparent == answer.headers["traceparent"]


async def test_a_commit_that_fails_has_never_answered_2xx(world: World) -> None:
    # `twin` is unique only when the transaction commits: everything before the commit goes well.
    async with world.client() as client:
        first = await client.post("/intake/v1/things", json={**ROW, "twin": 7})
        second = await client.post("/intake/v1/things", json={**ROW, "id": 2, "twin": 7})
    assert (first.status_code, second.status_code) == (201, 409)
    assert [row.id for row in await world.run("SELECT id FROM thing")] == [1]
    assert len(await world.run("SELECT 1 FROM audit")) == 1


async def test_what_is_refused_leaves_nothing_behind(world: World) -> None:
    async with world.client() as client:
        answer = await client.post("/intake/v1/things", json={**ROW, "size": 100}, headers=KEY)
    assert (answer.status_code, answer.json()["code"]) == (422, "value_refused")
    for table in ("thing", "audit", "idempotency"):
        assert await world.run(f"SELECT 1 FROM {table}") == []


FAILURES = {
    "bug": (500, "internal_error"),
    "conflict": (409, "already_closed"),
    "value": (422, "value_refused"),
    "cast": (422, "value_refused"),
    "timeout": (503, "database_unavailable"),
    "terminated": (503, "database_unavailable"),
    "syntax": (500, "internal_error"),
}


@pytest.mark.parametrize("how", FAILURES)
async def test_each_failure_has_its_status_and_tells_nothing_of_the_data(
    world: World, how: str, capfd: pytest.CaptureFixture[str]
) -> None:
    async with world.client() as client:
        answer = await client.post(f"/intake/v1/fail/{how}")
    assert (answer.status_code, answer.json()["code"]) == FAILURES[how]
    assert ("retry-after" in answer.headers) == (answer.status_code == 503)
    written = "".join(capfd.readouterr())
    assert "0812345678" not in answer.text + written
    assert "SELECT" not in answer.text


async def test_a_refusal_says_what_the_rule_looked_at(world: World) -> None:
    async with world.client() as client:
        answer = await client.post("/intake/v1/fail/conflict")
    assert answer.json()["facts"] == {"state": "closed"}


async def test_with_the_database_away_everything_is_503_with_retry_after(edge: World) -> None:
    async with edge.client() as client:
        write = await client.post("/intake/v1/things", json=ROW)
        read = await client.get("/intake/v1/things/1")
        key = await client.post("/intake/v1/cases", json={"channel": "line", "text": "x"}, headers={"X-API-Key": "k"})
        ready = await client.get("/readyz")
        live = await client.get("/livez")
    assert [each.status_code for each in (write, read, key, ready, live)] == [503, 503, 503, 503, 200]
    assert all("retry-after" in each.headers for each in (write, read, key, ready))


async def test_who_may_not_come_in_never_opens_a_transaction(edge: World) -> None:
    # The database is away: any statement would answer 503.
    async with edge.client(None) as nobody, edge.client(edge.token("committee")) as reader:
        unknown = await nobody.post("/intake/v1/things", json=ROW)
        forbidden = await reader.post("/intake/v1/things", json=ROW)
    assert (unknown.status_code, forbidden.status_code) == (401, 403)


async def test_a_version_that_is_not_current_is_stale(world: World) -> None:
    async with world.client() as client:
        await client.post("/intake/v1/things", json=ROW)
        seen = await client.get("/intake/v1/things/1")
        changed = await client.put("/intake/v1/things/1", json=ROW, headers={"If-Match": seen.headers["etag"]})
        again = await client.put("/intake/v1/things/1", json=ROW, headers={"If-Match": seen.headers["etag"]})
        missing = await client.put("/intake/v1/things/9", json=ROW, headers={"If-Match": '"1"'})
    assert [each.status_code for each in (seen, changed, again, missing)] == [200, 200, 412, 404]


async def test_the_same_key_has_one_effect_and_the_same_answer(world: World) -> None:
    async with world.client() as client:
        first = await client.post("/intake/v1/things", json=ROW, headers=KEY)
        second = await client.post("/intake/v1/things", json=ROW, headers=KEY)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert first.headers["location"] == second.headers["location"]
    assert "idempotent-replayed" not in first.headers
    assert second.headers["idempotent-replayed"] == "true"
    assert len(await world.run("SELECT 1 FROM audit")) == 1


async def test_the_same_key_with_another_body_is_refused(world: World) -> None:
    async with world.client() as client:
        await client.post("/intake/v1/things", json=ROW, headers=KEY)
        other = await client.post("/intake/v1/things", json={**ROW, "id": 2}, headers=KEY)
    assert (other.status_code, other.json()["code"]) == (422, "key_reused")


async def test_a_key_belongs_to_whoever_uses_it(world: World) -> None:
    async with world.client() as one, world.client(world.token("intake_officer", subject="other")) as other:
        first = await one.post("/intake/v1/things", json=ROW, headers=KEY)
        second = await other.post("/intake/v1/things", json={**ROW, "id": 2}, headers=KEY)
    assert (first.status_code, second.status_code) == (201, 201)


async def test_a_key_whose_first_request_still_runs_is_a_conflict(world: World) -> None:
    async with world.db.transaction() as tx:
        assert await claim_keys(tx, [("dev-complaints_division", "k-1")]) == [(True, None)]
        async with world.client() as client:
            during = await client.post("/intake/v1/things", json=ROW, headers=KEY)
    async with world.client() as client:
        after = await client.post("/intake/v1/things", json=ROW, headers=KEY)
    assert (during.status_code, during.json()["code"], after.status_code) == (409, "key_in_progress", 201)


async def test_twenty_at_once_with_one_key_make_one_row(world: World) -> None:
    async with world.client() as client:
        answers = await asyncio.gather(*(client.post("/intake/v1/things", json=ROW, headers=KEY) for _ in range(20)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    made = [a for a in answers if a.status_code == 201 and "idempotent-replayed" not in a.headers]
    assert len(made) == 1
    assert len(await world.run("SELECT 1 FROM thing")) == 1


async def test_a_key_is_forgotten_after_a_day(world: World) -> None:
    clock = ManualClock(START)
    at(world.db, clock)
    async with world.client() as client:
        await client.post("/intake/v1/things", json=ROW, headers=KEY)
        clock.advance(timedelta(hours=23, minutes=59))
        kept = await client.post("/intake/v1/things", json=ROW, headers=KEY)
        clock.advance(timedelta(minutes=1))
        anew = await client.post("/intake/v1/things", json={**ROW, "id": 2}, headers=KEY)
    assert (kept.headers["idempotent-replayed"], anew.status_code) == ("true", 201)
    clock.advance(timedelta(hours=24))
    async with world.db.transaction() as tx:
        assert await purge_idempotency(tx) == 1


EXPIRED = """
INSERT INTO idempotency (actor, key, request_hash, status, answer, created_at)
SELECT 'adapter', 'k-' || n, '', 201, '{}', now() - interval '25 hours' - n * interval '1 s'
FROM generate_series(1, :rows) AS n
"""


async def test_expired_keys_go_a_bounded_part_at_a_time_and_one_that_is_written_anew_is_passed_over(
    world: World,
) -> None:
    async with world.db.transaction() as tx:
        await tx.execute(text(EXPIRED), {"rows": PURGED_AT_ONCE + 2})
    async with world.db.transaction() as writer, world.db.transaction() as tx:
        await writer.execute(text("UPDATE idempotency SET created_at = now() WHERE key = 'k-7'"))
        assert await purge_idempotency(tx) == PURGED_AT_ONCE
        assert await purge_idempotency(tx) == 1
    assert [row.key for row in await world.run("SELECT key FROM idempotency")] == ["k-7"]


async def test_a_route_whose_key_is_answered_by_another_process_meanwhile_is_a_conflict(world: World) -> None:
    async with world.client() as client, world.db.transaction() as other:
        await other.execute(text("INSERT INTO thing (id, name) VALUES (1, 'ท่อแตก')"))
        late = asyncio.create_task(client.post("/intake/v1/things", json=ROW, headers=KEY))
        await waits_for_a_lock(world)
        Idempotency("k-1", "dev-complaints_division", b"another's", 201).keep(other, {"n": 1}, {})
        await other.execute(text("DELETE FROM thing"))
    answer = await late
    assert (answer.status_code, answer.json()["code"]) == (409, "key_in_progress")
    assert await world.run("SELECT 1 FROM thing") == []


async def waits_for_a_lock(world: World) -> None:
    """Until a statement of another connection waits for what a transaction holds."""
    async with asyncio.timeout(10):
        while not await world.run(
            "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        ):
            pass


async def test_keys_are_checked_and_kept_in_batches(world: World) -> None:
    def asked(key: str | None, body: bytes = b"a") -> Idempotency:
        return Idempotency(key, "adapter", body, 201)

    async with world.db.transaction() as tx:
        asked("old").keep(tx, {"n": 1}, {})
        asked(None).keep(tx, {"n": 2}, {})
    async with world.db.transaction() as tx:
        batch = [asked("new"), asked(None), asked("old"), asked("new"), asked("old", b"b"), asked("free")]
        found = await check_keys(tx, batch)
    kinds = [type(each) for each in found]
    assert kinds == [type(None), type(None), Replay, KeyInProgress, type(found[4]), type(None)]
    assert found[4] is not None
    assert getattr(found[4], "reason_code", "") == "key_reused"


async def test_an_answer_that_came_between_is_never_overwritten(world: World) -> None:
    asked = Idempotency("k-1", "adapter", b"a", 201)

    async def overtaken() -> None:
        async with world.db.transaction() as late:
            assert await check_keys(late, [asked]) == [None]
            async with world.db.transaction() as other:
                asked.keep(other, {"n": 1}, {})
            await late.audit("thing.made", "2")
            asked.keep(late, {"n": 2}, {})

    with pytest.raises(Conflict, match="just been answered"):
        await overtaken()
    async with world.db.transaction() as tx:
        (found,) = await check_keys(tx, [asked])
    assert isinstance(found, Replay)
    assert found.stored.answer["body"] == {"n": 1}
    assert await world.run("SELECT 1 FROM audit") == []


async def test_a_restricted_role_runs_the_requests(web_database: TestDatabase) -> None:
    db = Database(web_database.url("intake"), schema="intake")
    async with db.transaction() as tx:
        assert await tx.scalar(text("SELECT current_user")) == "pwa_intake"
    await db.dispose()
