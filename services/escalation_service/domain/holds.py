"""Held time: how the pauses of a case's clock push back the rungs that have not fired (sla.md, semantics 4)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class HoldMark:
    """A clock was held or let go again. `seq` is its place in the publisher's own order."""

    seq: int
    held: bool
    at: datetime


@dataclass(frozen=True)
class Span:
    """A half-open time in which the clock was held; without an end while it still is."""

    begin: datetime
    end: datetime | None


def held_spans(marks: Iterable[HoldMark]) -> tuple[Span, ...]:
    """The held times, sorted and without overlap, whatever the order in which the marks arrived."""
    spans: list[Span] = []
    begun: datetime | None = None
    for mark in sorted(marks, key=lambda m: m.seq):
        if mark.held:
            begun = mark.at  # told again, it was put right: the publisher's last word counts
        elif begun is not None:
            spans.append(Span(begun, mark.at))
            begun = None
    if begun is not None:
        spans.append(Span(begun, None))
    return _merged(spans)


def _merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    merged: list[Span] = []
    for span in sorted((s for s in spans if s.end is None or s.end > s.begin), key=lambda s: s.begin):
        last = merged[-1] if merged else None
        if last is None or (last.end is not None and last.end < span.begin):
            merged.append(span)
        elif last.end is not None and (span.end is None or span.end > last.end):
            merged[-1] = Span(last.begin, span.end)
    return tuple(merged)


def after_unheld(start: datetime, amount: timedelta, spans: Sequence[Span]) -> datetime | None:
    """The earliest instant at which `amount` of time that was not held has passed; None while that is held."""
    at, left = start, amount
    for span in spans:
        if span.end is not None and span.end <= at:
            continue
        begin = max(span.begin, at)
        if left <= begin - at:
            return at + left
        if span.end is None:
            return None
        left -= begin - at
        at = span.end
    return at + left


def outside(at: datetime, spans: Sequence[Span]) -> datetime | None:
    """`at`, or the end of the held time it lies in; None when that has no end yet."""
    for span in spans:
        if span.begin <= at and (span.end is None or at < span.end):
            return span.end
    return at
