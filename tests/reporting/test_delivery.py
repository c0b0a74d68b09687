"""Packs on their way: one delivery each, receipts kept, retries with patience, and nothing sent twice unasked."""

import base64
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from services.reporting_service.domain.delivery import Backoff, Outcome
from services.reporting_service.service import SERVICE
from services.reporting_service.use_cases import delivering, packs
from services.reporting_service.use_cases.sending import receipt
from shared.testing.gateways import Gateways
from shared.testing.postgres import TestDatabase
from tests.reporting.conftest import Api
from tests.reporting.given import HOUR, NINE, Desk, Story, ask

SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
DAY = date(2026, 2, 3)


async def served(desk: Desk, api: Api, *recipients: dict[str, Any]) -> httpx.AsyncClient:
    """Region 1 has these recipients and its pack of 3 February, not yet sent."""
    client = api("operator", "complaints_division")
    body = {"recipients": list(recipients)}
    (await client.put("/reporting/v1/packs/recipients/1", json=body)).raise_for_status()
    await desk.tell(Story().received())
    desk.clock.set(NINE + 21 * HOUR)
    await desk.marks(NINE + 21 * HOUR)
    await desk.work(send=False)
    return client


async def delivery(client: httpx.AsyncClient, region: int = 1) -> dict[str, Any]:
    asked: dict[str, str | int] = {"region": region, "day": DAY.isoformat()}
    line = (await client.get("/reporting/v1/packs", params=asked)).json()["items"][0]
    pack = (await client.get(f"/reporting/v1/packs/{line['id']}")).json()
    found: dict[str, Any] = pack["deliveries"][0]
    return found


def by_mail() -> dict[str, Any]:
    return {"channel": "email", "address": "region01@example.org"}


def by_webhook(gateway: Gateways) -> dict[str, Any]:
    return {"channel": "webhook", "address": f"{gateway.webhook.url}/packs", "secret": SECRET}


async def told(database: TestDatabase) -> list[dict[str, Any]]:
    query = "SELECT payload::text FROM reporting.outbox WHERE type = 'pwa.reporting.pack-delivered.v1'"
    return [json.loads(row["payload"]) for row in await ask(database, query)]


async def test_a_pack_goes_out_by_mail_with_both_files_and_the_receipt_is_kept(
    desk: Desk, api: Api, gateway: Gateways, database: TestDatabase
) -> None:
    client = await served(desk, api, by_mail())
    await desk.work()
    await desk.work()
    assert len(gateway.email.sent) == 1
    mail = gateway.email.sent[0]
    assert mail.recipients == ("region01@example.org",)
    assert "3 ก.พ. 2569" in mail.subject
    files = {part.get_filename(): part.get_content() for part in mail.message.iter_attachments()}
    assert set(files) == {"pack-R01-2026-02-03.json", "pack-R01-2026-02-03.csv"}
    assert json.loads(files["pack-R01-2026-02-03.json"])["region"] == 1
    got = await delivery(client)
    assert (got["state"], got["attempts"], got["last_status"], got["receipt"]) == ("delivered", 1, 250, "taken")
    assert [(each["channel"], each["region"]) for each in await told(database)] == [("email", 1)]


async def test_a_webhook_is_signed_as_standard_webhooks_are(desk: Desk, api: Api, gateway: Gateways) -> None:
    client = await served(desk, api, by_webhook(gateway))
    await desk.work()
    request = gateway.webhook.received[0]
    verifier = Webhook(SECRET)
    signed = {name: request.headers[name] for name in ("webhook-id", "webhook-timestamp", "webhook-signature")}
    at = datetime.fromtimestamp(int(signed["webhook-timestamp"]), UTC)
    assert verifier.sign(signed["webhook-id"], at, request.body.decode()) == signed["webhook-signature"]
    assert request.json()["data"]["pack"]["region"] == 1
    assert (await delivery(client))["last_status"] == 200


@pytest.mark.parametrize("channel", ["email", "webhook"])
async def test_a_refusal_that_may_pass_is_tried_again_with_growing_pauses(
    desk: Desk, api: Api, gateway: Gateways, database: TestDatabase, channel: str
) -> None:
    client = await served(desk, api, by_mail() if channel == "email" else by_webhook(gateway))
    double = gateway.email if channel == "email" else gateway.webhook
    double.fail_next(451 if channel == "email" else 503, times=3)
    for attempt, pause in ((1, 1), (2, 2), (3, 4)):
        await desk.work()
        got = await delivery(client)
        assert (got["state"], got["attempts"], got["last_result"]) == ("pending", attempt, "retry")
        desk.clock.advance(timedelta(minutes=pause, seconds=-1))
        await desk.work()
        assert (await delivery(client))["attempts"] == attempt
        desk.clock.advance(timedelta(seconds=1))
    await desk.work()
    assert (await delivery(client))["state"] == "delivered"
    assert len(await told(database)) == 1


async def test_a_refusal_that_cannot_pass_waits_for_a_person(desk: Desk, api: Api, gateway: Gateways) -> None:
    client = await served(desk, api, by_mail())
    gateway.email.fail_next(550)
    await desk.work()
    got = await delivery(client)
    assert (got["state"], got["last_status"]) == ("refused", 550)
    again = f"/reporting/v1/packs/deliveries/{got['id']}/resend"
    assert (await client.post(again)).status_code == 204
    await desk.work()
    assert (await delivery(client))["state"] == "delivered"
    assert (await client.post(again)).status_code == 409


async def test_a_mail_of_unknown_outcome_is_never_sent_again_unasked(
    desk: Desk, api: Api, gateway: Gateways, database: TestDatabase
) -> None:
    client = await served(desk, api, by_mail())
    gateway.email.accept_then_drop()
    await desk.work()
    desk.clock.advance(timedelta(days=1))
    await desk.marks(desk.clock.now())
    assert (await delivery(client))["state"] == "unknown"
    assert len(gateway.email.sent) == 1
    assert await told(database) == []


async def test_a_webhook_of_unknown_outcome_is_tried_again_under_the_same_id(
    desk: Desk, api: Api, gateway: Gateways
) -> None:
    client = await served(desk, api, by_webhook(gateway))
    gateway.webhook.accept_then_drop()
    await desk.work()
    desk.clock.advance(timedelta(minutes=1))
    await desk.work()
    first, second = (request.headers["webhook-id"] for request in gateway.webhook.received)
    assert first == second
    assert (await delivery(client))["state"] == "delivered"


@pytest.mark.parametrize(("channel", "state"), [("email", "unknown"), ("webhook", "sending")])
async def test_a_sender_that_died_before_it_reported_leaves_an_unknown_outcome(
    desk: Desk, api: Api, gateway: Gateways, channel: str, state: str
) -> None:
    client = await served(desk, api, by_mail() if channel == "email" else by_webhook(gateway))
    async with desk.db.transaction() as tx:
        assert await delivering.take_next(tx, desk.settings.lease) is not None
    desk.clock.advance(desk.settings.lease)
    async with desk.db.transaction() as tx:
        taken = await delivering.take_next(tx, desk.settings.lease)
        assert (taken is None) == (channel == "email")
    got = await delivery(client)
    assert got["state"] == state
    assert gateway.email.sent == []


@pytest.mark.parametrize("late", ["delivered", "refused", "retry"])
async def test_what_an_earlier_attempt_reports_late_does_not_settle_the_one_under_way(
    desk: Desk, api: Api, gateway: Gateways, database: TestDatabase, late: str
) -> None:
    client = await served(desk, api, by_webhook(gateway))
    async with desk.db.transaction() as tx:
        earlier = await delivering.take_next(tx, desk.settings.lease)
    desk.clock.advance(desk.settings.lease)
    async with desk.db.transaction() as tx:
        assert await delivering.take_next(tx, desk.settings.lease) is not None
    async with desk.db.transaction() as tx:
        backoff = Backoff(timedelta(minutes=1), timedelta(hours=1), 5)
        await delivering.settle(tx, earlier, desk.clock.now(), Outcome(late, None, "late"), backoff)
    got = await delivery(client)
    assert (got["state"], got["attempts"]) == ("sending", 2)
    assert await told(database) == []


async def test_after_the_last_attempt_the_delivery_is_given_up_and_shown(
    desk: Desk, api: Api, gateway: Gateways
) -> None:
    client = await served(desk, api, by_mail())
    gateway.email.fail_next(451, times=100)
    for _ in range(desk.settings.most_attempts):
        await desk.work()
        desk.clock.advance(timedelta(hours=6))
    got = await delivery(client)
    assert (got["state"], got["attempts"]) == ("given_up", desk.settings.most_attempts)


async def test_one_recipient_has_one_delivery_per_pack_and_a_removed_one_gets_no_further_pack(
    desk: Desk, api: Api, gateway: Gateways
) -> None:
    client = await served(desk, api, by_mail(), by_mail() | {"address": "two@example.org"})
    await desk.work()
    assert sorted(mail.recipients[0] for mail in gateway.email.sent) == ["region01@example.org", "two@example.org"]
    (await client.put("/reporting/v1/packs/recipients/1", json={"recipients": [by_mail()]})).raise_for_status()
    desk.clock.advance(timedelta(days=1))
    await desk.marks(desk.clock.now())
    await desk.work()
    assert [mail.recipients[0] for mail in gateway.email.sent[2:]] == ["region01@example.org"]


async def test_recipients_are_checked_and_their_secret_is_never_shown(desk: Desk, api: Api, gateway: Gateways) -> None:
    client = api("operator")
    put = "/reporting/v1/packs/recipients/1"
    wrong = [{"channel": "email", "address": "nobody"}, {"channel": "webhook", "address": "ftp://x"}]
    wrong += [{"channel": "webhook", "address": "https://example.org"}, {"channel": "fax", "address": "1"}]
    for each in wrong:
        assert (await client.put(put, json={"recipients": [each]})).status_code == 422
    answer = await client.put(put, json={"recipients": [by_webhook(gateway)]})
    assert SECRET not in answer.text
    assert answer.json()[0]["signed"] is True
    assert (await api("region_staff", region=1).get(put)).status_code == 403


@pytest.mark.parametrize(
    ("address", "secret"),
    [
        ("https://example.org/", "whsec_" + "A" * 33),
        ("https://example.org/", SECRET + "\n"),
        ("http://127.0.0.1:99999/", SECRET),
        ("http://127.0.0.1:0/", SECRET),
        ("http://:80/packs", SECRET),
        ("https://", SECRET),
    ],
)
async def test_a_webhook_that_could_never_be_called_is_refused_when_it_is_set(
    api: Api, address: str, secret: str
) -> None:
    body = {"recipients": [{"channel": "webhook", "address": address, "secret": secret}]}
    assert (await api("operator").put("/reporting/v1/packs/recipients/1", json=body)).status_code == 422


@pytest.mark.parametrize(
    ("broken", "state"),
    [
        ({"address": "http://127.0.0.1:9/", "secret": "whsec_" + "A" * 33}, "refused"),
        ({"address": "http://127.0.0.1:99999/", "secret": SECRET}, "unknown"),
        ({"address": "http://[::1/", "secret": SECRET}, "refused"),
    ],
)
async def test_a_delivery_that_breaks_in_an_unforeseen_way_is_settled_and_the_others_go_out(
    desk: Desk, api: Api, gateway: Gateways, broken: dict[str, str], state: str
) -> None:
    async with desk.db.transaction() as tx:
        await packs.set_recipients(tx, 2, [{"channel": "webhook", **broken}])
    client = await served(desk, api, by_webhook(gateway))
    await desk.work()
    assert (await delivery(client))["state"] == "delivered"
    assert (await delivery(client, region=2))["state"] == state


def test_a_receipt_is_kept_without_characters_that_no_database_takes() -> None:
    assert receipt("4\x0000 n\udcffo") == "400 no"


async def test_a_region_that_never_had_a_recipient_starts_with_a_mailbox_and_an_emptied_one_stays_empty(
    desk: Desk, api: Api
) -> None:
    client = api("operator")
    (await client.put("/reporting/v1/packs/recipients/1", json={"recipients": [by_mail()]})).raise_for_status()
    (await client.put("/reporting/v1/packs/recipients/1", json={"recipients": []})).raise_for_status()
    async with desk.db.transaction() as tx:
        assert await SERVICE.checks(tx) == ["no recipient for the daily pack of region 1, 2, 3, 4, 5, 6, 7, 8, 9, 10"]
        await packs.seed_recipients(tx, "pack-region-{region:02d}@pwa.example")
        assert await SERVICE.checks(tx) == ["no recipient for the daily pack of region 1"]
    (second,) = (await client.get("/reporting/v1/packs/recipients/2")).json()
    assert second["address"] == "pack-region-02@pwa.example"


def test_a_receipt_is_kept_without_addresses() -> None:
    assert receipt("250 2.1.5 <region01@example.org> queued\r\nas 17") == "250 2.1.5 <(address)> queued as 17"
