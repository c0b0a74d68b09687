"""Named places at which a test may let the whole process die; nothing happens there in production."""

import os
import sys

_ARMED = os.environ.get("PWA_FAULT", "")  # "relay.acked:3" dies at the third visit
_NAME, _, _NTH = _ARMED.partition(":")
_remaining = int(_NTH or 1)
EXIT_CODE = 86


async def fault_point(name: str) -> None:
    """Die here (no clean-up, like kill -9) when this point is armed and its turn has come."""
    global _remaining  # noqa: PLW0603 - one process dies once
    if name != _NAME:
        return
    _remaining -= 1
    if _remaining == 0:
        sys.stderr.write(f"fault point {name} hit\n")
        sys.stderr.flush()
        os._exit(EXIT_CODE)
