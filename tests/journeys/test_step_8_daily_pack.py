"""Process step 8: every region has its daily summary at six, once, with proof that it arrived."""

import base64
import csv
import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from standardwebhooks import Webhook

from shared.testing.system import System
from tests.journeys.calling import answer_call, run
from tests.journeys.closing import closed, registered

SECRET = "whsec_" + base64.b64encode(b"region one's webhook secret 0001").decode()
MAILBOX = "region01@example.org"


async def set_recipients(system: System) -> None:
    recipients = [
        {"channel": "email", "address": MAILBOX},
        {"channel": "webhook", "address": f"{system.gateway.webhook.url}/packs", "secret": SECRET},
    ]
    put = await system.api("complaints_division").put(
        "/reporting/v1/packs/recipients/1", json={"recipients": recipients}
    )
    assert put.status_code == 200, put.text


async def pack(system: System, day: str, region: int = 1) -> dict[str, Any]:
    client = system.api("complaints_division")
    (line,) = (await client.get("/reporting/v1/packs", params={"region": region, "day": day})).json()["items"]
    view: dict[str, Any] = (await client.get(f"/reporting/v1/packs/{line['id']}")).json()
    return view


@pytest.mark.transports
async def test_at_six_each_region_receives_its_pack_once_with_proof_of_delivery(system: System) -> None:
    await set_recipients(system)
    done = await closed(system)
    await answer_call(system, done)
    still_open = await registered(system)
    await system.advance(hours=21, minutes=1)
    await system.advance(hours=1)

    made = (await system.api("complaints_division").get("/reporting/v1/packs")).json()["items"]
    assert [(each["day"], each["region"]) for each in made] == [("2026-02-03", region) for region in range(1, 11)]
    mine = await pack(system, "2026-02-03")
    summary = mine["content"]["summary"]
    assert [summary[name] for name in ("received", "resolved", "resolved_within_sla", "open")] == [2, 1, 1, 1]
    assert (summary["satisfaction"]["answered"], summary["satisfaction"]["satisfied"]) == (1, 1)
    numbers = await system.sql("SELECT number FROM intake.cases ORDER BY number")
    assert [case["number"] for case in mine["content"]["cases"]] == [row["number"] for row in numbers]
    assert still_open != done

    mails = [mail for mail in system.gateway.email.sent if mail.recipients == (MAILBOX,)]
    assert len(mails) == 1
    files = {part.get_filename(): part.get_content() for part in mails[0].message.iter_attachments()}
    assert json.loads(files["pack-R01-2026-02-03.json"]) == mine["content"]
    (request,) = system.gateway.webhook.received
    head = request.headers
    at = datetime.fromtimestamp(int(head["webhook-timestamp"]), UTC)
    assert Webhook(SECRET).sign(head["webhook-id"], at, request.body.decode()) == head["webhook-signature"]
    assert {(each["channel"], each["state"]) for each in mine["deliveries"]} == {
        ("email", "delivered"), ("webhook", "delivered"),
    }  # fmt: skip
    assert all(each["receipt"] for each in mine["deliveries"])
    told = await system.sql(
        "SELECT payload->>'channel' AS channel FROM reporting.outbox_sent "
        "WHERE type = 'pwa.reporting.pack-delivered.v1' AND payload->>'region' = '1'"
    )
    assert sorted(row["channel"] for row in told) == ["email", "webhook"]


async def test_a_mail_server_that_is_away_gets_the_pack_later_and_once(system: System) -> None:
    await set_recipients(system)
    await registered(system)
    system.gateway.email.fail_next(451, times=30)
    await system.advance(hours=21, minutes=1)
    assert [mail for mail in system.gateway.email.sent if mail.recipients == (MAILBOX,)] == []
    system.gateway.email.clear()
    await system.advance(minutes=5)
    await system.advance(hours=1)
    assert len([mail for mail in system.gateway.email.sent if mail.recipients == (MAILBOX,)]) == 1


async def test_a_pack_asked_for_again_is_the_same_one(system: System) -> None:
    await registered(system)
    await system.advance(hours=21, minutes=1)
    first = await pack(system, "2026-02-03")
    result = await run(system, system.api("operator"), "packs/run", {"day": "2026-02-03"})
    assert first["id"] in result["packs"]
    assert (await pack(system, "2026-02-03"))["sha256"] == first["sha256"]


async def test_the_spreadsheet_holds_no_personal_data_and_no_formula(system: System) -> None:
    await registered(system)
    await system.advance(hours=21, minutes=1)
    mine = await pack(system, "2026-02-03")
    answer = await system.api("region_staff", office="R01").get(f"/reporting/v1/packs/{mine['id']}.csv")
    assert answer.status_code == 200, answer.text
    assert answer.content.startswith(b"\xef\xbb\xbf")
    for secret in ("สมหญิง", "0812345678", "081-234-5678", "66812345678"):
        assert secret not in answer.text
    cells = [cell for row in csv.reader(io.StringIO(answer.text.lstrip("\ufeff"))) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
