"""Refuses query parameters that a route does not know: a misspelt filter must not show everything."""

from dataclasses import dataclass

from fastapi import Request
from fastapi.dependencies.models import Dependant
from pydantic import BaseModel

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


@dataclass(frozen=True)
class KnownQuery:
    """The dependency that every route gets."""

    names: frozenset[str]

    async def __call__(self, request: Request) -> None:
        if not request.scope["query_string"]:
            return
        unknown = [name for name in request.query_params if name not in self.names]
        if unknown:
            nearest = nearest_name(unknown[0], self.names)
            shown = f" The nearest known one is {nearest}." if nearest else ""
            raise Rejection(422, "unknown_parameter", f"A query parameter is not known here.{shown}")
