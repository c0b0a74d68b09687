"""How a service takes events in: load what a batch is about, apply each event purely, save what changed, publish.

A service hands its folds to the consumer; every event type belongs to one of them. For a batch, however large, each
fold is asked once for the aggregates of all keys and once to save: the number of statements does not depend on the
number of events. A step that fails has changed nothing, so only its stream is set aside (reliability.md).
"""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from shared.contracts.base import CaseEvent, Event
from shared.db.tx import Tx

Key = TypeVar("Key")
State = TypeVar("State")


@dataclass(frozen=True, slots=True)
class Meta:
    """What a step may want to know about an event besides its content. `now` is the time of the batch (UTC)."""

    event_id: UUID
    seq: int
    recorded_at: datetime
    traceparent: str | None
    now: datetime


@dataclass(frozen=True, slots=True)
class Change(Generic[State]):
    """An aggregate before and after a batch."""

    before: State
    after: State


Step = Callable[[State, Any, Meta], State]


class Unknown(LookupError):
    """Nothing is known here of what the event is about."""


@dataclass(frozen=True)
class Fold(Generic[Key, State]):
    """One kind of aggregate that events change.

    `key` names the aggregate of an event. `load` returns these aggregates, locked in one order, with one statement a
    table; one that it leaves out is unknown, and its events are set aside. A step is pure: it returns the aggregate
    after the event, with whatever is to be written or published because of it, or raises. `save` writes what changed
    with one statement a table, and publishes.
    """

    steps: Mapping[type[Event], Step[State]]
    key: Callable[[Any], Key]
    load: Callable[[Tx, Collection[Key]], Awaitable[Mapping[Key, State]]]
    save: Callable[[Tx, Sequence[Change[State]]], Awaitable[None]]


def case_of(event: CaseEvent) -> UUID:
    """The key of folds over cases."""
    return event.case_id


def keeping(
    *kinds: type[Event], save: Callable[[Tx, Sequence[tuple[Any, Meta]]], Awaitable[None]]
) -> Fold[str, tuple[tuple[Any, Meta], ...]]:
    """The fold of events that are only kept, as copies: `save` gets all of a batch in the order of each key."""

    async def nothing_yet(_tx: Tx, keys: Collection[str]) -> Mapping[str, tuple[tuple[Any, Meta], ...]]:
        return dict.fromkeys(keys, ())

    async def save_all(tx: Tx, changes: Sequence[Change[tuple[tuple[Any, Meta], ...]]]) -> None:
        await save(tx, [kept for change in changes for kept in change.after])

    return Fold(
        steps=dict.fromkeys(kinds, lambda kept, event, meta: (*kept, (event, meta))),
        key=lambda event: event.key,
        load=nothing_yet,
        save=save_all,
    )


@dataclass(frozen=True, slots=True)
class Arrived:
    """An event with the fold that it belongs to; None when it is known and does not matter here."""

    fold: Fold[Any, Any] | None
    event: Event
    meta: Meta


@dataclass
class Workspace:
    """The aggregates of a batch in memory: loaded together, changed one event at a time, saved together."""

    tx: Tx
    _loaded: dict[int, dict[Any, Any]] = field(default_factory=dict)
    _current: dict[int, dict[Any, Any]] = field(default_factory=dict)
    _folds: dict[int, Fold[Any, Any]] = field(default_factory=dict)

    async def load(self, arrived: Iterable[Arrived]) -> None:
        wanted: dict[int, set[Any]] = {}
        for one in arrived:
            if one.fold is None:
                continue
            self._folds[id(one.fold)] = one.fold
            wanted.setdefault(id(one.fold), set()).add(one.fold.key(one.event))
        for number, keys in wanted.items():
            self._loaded[number] = dict(await self._folds[number].load(self.tx, keys))
            self._current[number] = dict(self._loaded[number])

    def apply(self, arrived: Arrived) -> None:
        """Raises what the step raises; then nothing has changed."""
        fold = arrived.fold
        if fold is None:
            return
        key = fold.key(arrived.event)
        states = self._current[id(fold)]
        if key not in states:
            raise Unknown(type(arrived.event).__name__)
        states[key] = fold.steps[type(arrived.event)](states[key], arrived.event, arrived.meta)

    async def save(self) -> None:
        for number, fold in self._folds.items():
            before = self._loaded[number]
            changes = [
                Change(before[key], state) for key, state in self._current[number].items() if state is not before[key]
            ]
            if changes:
                await fold.save(self.tx, changes)
