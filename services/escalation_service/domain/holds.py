"""Held time: how the pauses of a case's clock push back the rungs that have not fired (sla.md, semantics 4)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Span:
    """A half-open time in which the clock was held; without an end while it still is."""

    begin: datetime
    end: datetime | None


@dataclass(frozen=True)
class HoldMark:
    """A clock was held or let go again. `seq` is its place in the publisher's own order.

    With `spans` it says all there is to say about held time up to then, so nothing told before it counts.
    """

    seq: int
    held: bool
    at: datetime
    spans: tuple[Span, ...] | None = None

    def until(self, at: datetime) -> "HoldMark | None":
        """What had happened of it by an instant."""
        if self.spans is None:
            return self if self.at <= at else None
        begun = (span for span in self.spans if span.begin <= at)
        return replace(
            self, spans=tuple(span if span.end and span.end <= at else Span(span.begin, None) for span in begun)
        )


def held_spans(marks: Iterable[HoldMark]) -> tuple[Span, ...]:
    """The held times, sorted and without overlap, whatever the order in which the marks arrived."""
    spans: list[Span] = []
    begun: datetime | None = None
    for mark in sorted(marks, key=lambda m: m.seq):
        if mark.spans is not None:
            spans = [span for span in mark.spans if span.end]
            begun = next((span.begin for span in mark.spans if span.end is None), None)
        elif mark.held:
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
