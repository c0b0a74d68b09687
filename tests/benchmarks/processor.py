"""Processor time of processes, from /proc: what a case costs, whoever else uses the machine."""

import os
from contextlib import suppress
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def _fields(pid: int | str) -> list[str]:
    """Of /proc/PID/stat, what stands after the name: state, parent, …"""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def seconds(pid: int) -> float:
    """Used by this process itself."""
    fields = _fields(pid)
    return (int(fields[11]) + int(fields[12])) / _TICKS


def seconds_with_children(pid: int) -> float:
    """Used by this process and its children, those that have ended included."""
    own = sum(map(int, _fields(pid)[11:15])) / _TICKS
    for each in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if _fields(each.name)[1] == str(pid):
                own += seconds(int(each.name))
    return own
