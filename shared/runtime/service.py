"""A service and a job as data, and what a running service hands to its own code."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from fastapi import APIRouter
from pydantic_settings import BaseSettings
from sqlalchemy import MetaData

from shared.contracts.base import ContactLike, Event
from shared.db.tx import Database, Tx
from shared.kernel.clock import Clock
from shared.messaging.consumer import Consumer
from shared.messaging.fold import Fold

Check = Callable[[Tx], Awaitable[list[str]]]
CardReader = Callable[[Tx, Sequence[UUID]], Awaitable[Mapping[UUID, ContactLike | None]]]


async def nothing_to_check(_tx: Tx) -> list[str]:
    """The check of a service that has nothing of its own to check."""
    return []


async def nothing_to_start(_context: "Context") -> None:
    """The start of a service that has nothing to seed."""


@dataclass(frozen=True)
class Job:
    """Work that time causes. `step` says how much it did; after a step that did nothing it rests for `every`.

    A job that knows when it will be needed says so by `rest` (seconds; asked after each step that did nothing). It
    rests no longer than that, nor than `every`, and is woken when events have been taken in.
    """

    name: str
    step: Callable[["Context"], Awaitable[int]]
    every: timedelta
    rest: Callable[["Context"], Awaitable[float]] | None = None


@dataclass(frozen=True)
class Service:
    """Everything the runtime needs to know of a service; its name is also its schema and, with pwa_, its role."""

    name: str
    title: str
    tables: MetaData
    migrations: Path
    settings: type[BaseSettings]
    routers: Sequence[APIRouter]
    folds: Sequence[Fold[Any, Any]] = ()
    jobs: Sequence[Job] = ()
    checks: Check = nothing_to_check
    watermarks: frozenset[str] = frozenset()
    cards: CardReader | None = None
    on_start: Callable[["Context"], Awaitable[None]] = nothing_to_start
    pages: Mapping[str, str] = field(default_factory=dict)  # pages for people: path → what the index page calls it

    @property
    def events(self) -> frozenset[type[Event]]:
        """What the service does something about."""
        return frozenset(kind for fold in self.folds for kind in fold.steps)


@dataclass
class Context:
    """What a running service has: its database, settings and clients. `health` lists reasons to be degraded."""

    service: Service
    db: Database
    settings: Any
    http: httpx.AsyncClient
    consumer: Consumer
    clock: Clock | None = None
    health: Callable[[], list[str]] = field(default=list)
