"""Ports of 127.0.0.1 for servers that are started by this one."""

import contextlib
import random
import socket
from collections.abc import Sequence
from pathlib import Path

LOWEST, HIGHEST = 10_000, 65_535
OUTGOING = Path("/proc/sys/net/ipv4/ip_local_port_range")
USUAL_OUTGOING = (32_768, 60_999)


def outgoing_ports() -> tuple[int, int]:
    """The first and the last port that the system lends to outgoing connections."""
    with contextlib.suppress(OSError, ValueError):
        first, last = OUTGOING.read_text().split()
        return int(first), int(last)
    return USUAL_OUTGOING


def is_free(port: int) -> bool:
    """Whether nobody listens there. What the last connections of an ended server left behind does not count."""
    with contextlib.suppress(OSError), socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))
        return True
    return False


def free_port() -> int:
    """A port that nobody listens on and that no outgoing connection will be lent before its server listens.

    Where the system lends nearly all ports, one of those. Another server may still choose the same.
    """
    first, last = outgoing_ports()
    unlent: Sequence[int] = [*range(LOWEST, first), *range(last + 1, HIGHEST)] or range(LOWEST, HIGHEST)
    chance = random.SystemRandom()
    while True:
        port = chance.choice(unlent)
        if is_free(port):
            return port
