"""What the HTTP edge needs to know of a service and of the place where it runs (shared.runtime has both)."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from fastapi import APIRouter

from shared.db import Database, Tx
from shared.messaging.consumer import Consumer


class WebService(Protocol):
    """The part of a Service that concerns HTTP."""

    @property
    def name(self) -> str: ...

    @property
    def title(self) -> str: ...

    @property
    def migrations(self) -> Path: ...

    @property
    def tables(self) -> Any: ...

    @property
    def routers(self) -> Sequence[APIRouter]: ...

    @property
    def pages(self) -> Mapping[str, str]: ...

    @property
    def checks(self) -> Callable[[Tx], Awaitable[list[str]]]: ...


class WebContext(Protocol):
    """The part of a Context that concerns HTTP; `health()` gives reasons to be degraded."""

    @property
    def db(self) -> Database: ...

    @property
    def settings(self) -> Any: ...

    @property
    def consumer(self) -> Consumer: ...

    @property
    def health(self) -> Callable[[], list[str]]: ...
