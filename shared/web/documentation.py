"""The OpenAPI document of a service: what FastAPI derives, and every error that the edge can answer with."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from shared.web.access import Needs
from shared.web.idempotency import KEY_HEADER, idempotency
from shared.web.problems import MEDIA_TYPE, Problem
from shared.web.rate_limit import RateLimit

_SENTENCES = {
    400: "Not a well-formed request (unparsable body, malformed header)",
    401: "No token, or one that is not accepted",
    403: "Not your right",
    404: "Unknown, or not yours to see",
    408: "The body never ended",
    409: "Not possible in this state, or the key is in progress",
    412: "Changed since you saw it",
    413: "The body is larger than 1 MB",
    414: "Path and query are longer than 8 KB",
    415: "Not application/json in UTF-8",
    422: "Well-formed, but not acceptable",
    428: "If-Match is missing",
    429: "Too many requests; see Retry-After",
    431: "The headers are longer than 16 KB",
    500: "Our fault; quote `trace`",
    503: "Overloaded, or the database is away; see Retry-After",
}
_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}


def flat(dependant: Dependant) -> Iterator[Dependant]:
    """A route's dependant and everything below it."""
    yield dependant
    for child in dependant.dependencies:
        yield from flat(child)


def openapi_of(app: FastAPI) -> dict[str, Any]:
    """The document, made once."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes, tags=app.openapi_tags
        )
        components = document.setdefault("components", {})
        schemas = components.setdefault("schemas", {})
        problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(problem.pop("$defs", {}))
        schemas["Problem"] = problem
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        components["securitySchemes"] = _SCHEMES
        for route in app.routes:
            if isinstance(route, APIRoute) and route.include_in_schema:
                _complete(document, route)
        app.openapi_schema = document
    return app.openapi_schema


def _complete(document: dict[str, Any], route: APIRoute) -> None:
    for method in route.methods or ():
        operation = document["paths"][route.path_format].get(method.lower())
        if operation is None:
            continue
        if any(each.call is idempotency for each in flat(route.dependant)):
            operation.setdefault("parameters", []).append(KEY_HEADER)
        _document_errors(operation, route, method)
        _document_rights(operation, route)
        for parameter in operation.get("parameters", ()):
            if parameter["name"] == "If-Match":
                parameter["required"] = True


def _document_errors(operation: dict[str, Any], route: APIRoute, method: str) -> None:
    names = {parameter["name"] for parameter in operation.get("parameters", ())}
    statuses = {414, 422, 431, 500, 503}
    calls = [each.call for each in flat(route.dependant)]
    if any(isinstance(call, Needs) for call in calls):
        statuses |= {401, 403}
    if any(isinstance(call, RateLimit) for call in calls):
        statuses |= {429}
    if "{" in route.path_format:
        statuses |= {404}
    if method not in {"GET", "HEAD"}:
        statuses |= {400, 408, 409, 413, 415}
    if "If-Match" in names:
        statuses |= {400, 412, 428}
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    responses = operation.setdefault("responses", {})
    for status in sorted(statuses):
        given = responses.get(str(status), {})
        if "HTTPValidationError" in str(given) or not given:
            responses[str(status)] = {"description": _SENTENCES[status], "content": content}


def _document_rights(operation: dict[str, Any], route: APIRoute) -> None:
    found = [each.call for each in flat(route.dependant) if isinstance(each.call, Needs)]
    if not found:
        return
    operation["security"] = [{"bearer": []}]
    if any(need.api_keys for need in found):
        operation["security"].append({"apiKey": []})
    rights = sorted({right for need in found for right in need.rights})
    if rights:
        text = operation.get("description", "")
        operation["description"] = f"{text}\n\nRight: `{'` or `'.join(rights)}`".strip()
