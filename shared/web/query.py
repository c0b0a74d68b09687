"""Refuses query parameters that a route does not know: a misspelt filter must not show everything."""

from urllib.parse import parse_qsl

from fastapi.dependencies.models import Dependant
from pydantic import BaseModel
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.web.problems import Rejection
from shared.web.validation import nearest_name


def query_names(dependant: Dependant) -> frozenset[str]:
    """The query parameters of a route and of everything it depends on."""
    names: set[str] = set()
    for field in dependant.query_params:
        annotation = field.field_info.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            names |= {each.alias or name for name, each in annotation.model_fields.items()}
        else:
            names.add(field.alias)
    return frozenset(names).union(*(query_names(child) for child in dependant.dependencies))


class KnownQuery:
    """Stands around a route's application."""

    def __init__(self, app: ASGIApp, names: frozenset[str]) -> None:
        self.app = app
        self.names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["query_string"]:
            self._check(scope["query_string"].decode("latin-1"))
        await self.app(scope, receive, send)

    def _check(self, query: str) -> None:
        unknown = [name for name, _ in parse_qsl(query, keep_blank_values=True) if name not in self.names]
        if unknown:
            nearest = nearest_name(unknown[0], self.names)
            shown = f" The nearest known one is {nearest}." if nearest else ""
            raise Rejection(422, "unknown_parameter", f"A query parameter is not known here.{shown}")
