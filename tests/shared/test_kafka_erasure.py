"""A tombstone on the contacts topic erases the card: no reader and no file has it any more."""

import pytest

from shared.messaging.local_kafka import LocalKafka
from shared.testing.kafka_scan import force_compaction, places_of
from tests.kafka_fixtures import make_kafka_broker
from tests.shared.kafka_tools import card, deliver_all

pytestmark = pytest.mark.kafka


async def test_after_tombstone_and_compaction_the_phone_is_in_no_topic_and_no_file(
    kafka_server: LocalKafka,
) -> None:
    broker = make_kafka_broker(kafka_server)
    await broker.start()
    [target] = broker.targets("intake")
    phone, other = "0812345678", "0898765432"
    for body in (phone, f"{phone} again", f"{phone} ซอย 5"):
        await deliver_all(target, [card("case-1", body.encode())])
    await deliver_all(target, [card("case-2", other.encode())])
    before = await places_of(phone, kafka_server, broker.settings)

    await deliver_all(target, [card("case-1", None)])
    await force_compaction(kafka_server, broker.settings)
    after = await places_of(phone, kafka_server, broker.settings)
    kept = await places_of(other, kafka_server, broker.settings)
    await broker.stop()

    assert [place.split()[0] for place in before] == ["topic", "file"]
    assert after == []
    assert [place.split()[0] for place in kept] == ["topic", "file"]
