"""Where the servers of a test run keep their files: in memory, where creating and removing thousands costs little."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

MEMORY = Path("/dev/shm")  # noqa: S108 - the file system in memory, not a fixed name in it
PREFIX = "pwa-tests-"
ENOUGH_BYTES = 3 * 1024**3


@contextmanager
def quick_directory(otherwise: Path) -> Iterator[Path]:
    """A directory in memory, removed at the end; `otherwise` on a machine that has too little of it."""
    if not _has_enough():
        yield otherwise
        return
    _remove_leftovers()
    place = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=MEMORY))
    place.chmod(0o711)  # PostgreSQL runs as another user when the tests run as root
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _has_enough() -> bool:
    with suppress(OSError):
        return shutil.disk_usage(MEMORY).free >= ENOUGH_BYTES
    return False


def _remove_leftovers() -> None:
    """What runs that were killed could not remove."""
    for place in MEMORY.glob(f"{PREFIX}*"):
        process = place.name.removeprefix(PREFIX).partition("-")[0]
        if not Path("/proc", process).exists():
            shutil.rmtree(place, ignore_errors=True)
