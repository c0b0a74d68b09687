"""Canonical JSON and its hash: what is published can be proved unchanged years later."""

import json
from collections.abc import Iterator
from hashlib import sha256
from typing import Any


def canonical(content: Any) -> str:
    """Keys sorted, no spaces, text as it is; the same content always gives the same characters."""
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest(content: Any) -> str:
    return sha256(canonical(content).encode()).hexdigest()


def differences(before: Any, after: Any, path: str = "") -> Iterator[dict[str, Any]]:
    """Every place in which two contents differ, by JSON pointer."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name in sorted(before.keys() | after.keys()):
            yield from differences(before.get(name), after.get(name), f"{path}/{name}")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from differences(old, new, f"{path}/{index}")
    elif before != after:
        yield {"at": path, "before": before, "after": after}
