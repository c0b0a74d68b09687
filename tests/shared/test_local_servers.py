"""Servers that are started here find ports that nobody else takes, and say so when somebody did."""

import gc
import socket
from contextlib import closing
from pathlib import Path

import pytest

from shared.kernel.ports import free_port, is_free
from shared.messaging.local_kafka import LocalKafka, PortTakenError
from tests.kafka_fixtures import skip_without_kafka

LENT = Path("/proc/sys/net/ipv4/ip_local_port_range")


def listener(port: int) -> closing[socket.socket]:
    return closing(socket.create_server(("127.0.0.1", port)))


def test_the_port_of_a_server_is_never_one_that_the_system_lends_to_outgoing_connections() -> None:
    lowest, highest = map(int, LENT.read_text().split())
    ports = {free_port() for _ in range(200)}
    assert len(ports) > 100
    assert not [port for port in ports if lowest <= port <= highest]


def test_a_port_is_free_until_somebody_listens_and_again_after() -> None:
    port = free_port()
    with listener(port):
        assert not is_free(port)
    assert is_free(port)


@pytest.mark.kafka
def test_a_kafka_node_whose_port_was_taken_meanwhile_starts_on_another(tmp_path: Path) -> None:
    skip_without_kafka()
    node = LocalKafka(tmp_path)
    chosen = node.port
    with listener(chosen):
        node.start()
    try:
        assert node.port != chosen
        assert LocalKafka(tmp_path).port == node.port, "who asks later is told the port that the node has"
    finally:
        node.stop()


@pytest.mark.kafka
def test_a_kafka_node_that_was_told_a_taken_port_says_so_and_leaves_no_process(tmp_path: Path) -> None:
    skip_without_kafka()
    node = LocalKafka(tmp_path, port=free_port())
    with listener(node.port), pytest.raises(PortTakenError, match=f"port {node.port}.* is in use"):
        node.start()
    assert node.pid is None
    del node
    gc.collect()  # a child that nobody waited for would be told here, and fail the test
