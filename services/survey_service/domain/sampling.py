"""Sampling without replacement that anybody can repeat from the seed (process step 7)."""

import hashlib
import math
from collections.abc import Iterable, Sequence
from fractions import Fraction
from uuid import UUID


def yamane(frame: int, precision: Fraction) -> int:
    """n = N / (1 + N e²), rounded up, never above N."""
    return min(frame, math.ceil(frame / (1 + frame * precision**2)))


def permutation(frame: Iterable[UUID], seed: str) -> list[UUID]:
    """The frame in the random order that the seed gives: by SHA-256 of `seed:id`, so any language can repeat it."""
    return sorted(set(frame), key=lambda case: (hashlib.sha256(f"{seed}:{case}".encode()).digest(), case))


def draw(frame: Iterable[UUID], seed: str, quota: int) -> tuple[list[UUID], list[UUID]]:
    """The sample, and its replacements in the order in which they are used."""
    order = permutation(frame, seed)
    return order[:quota], order[quota:]


def frame_hash(frame: Sequence[UUID]) -> str:
    """SHA-256 over the sorted ids, one per line."""
    return hashlib.sha256("\n".join(str(case) for case in sorted(set(frame))).encode()).hexdigest()
