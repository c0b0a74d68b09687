"""Makes the HTTP application of a service, and one application of several."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute, APIRouter
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException

from shared.db.failures import DatabaseError
from shared.kernel.errors import Refusal
from shared.web import problems
from shared.web.access import Gate, Needs
from shared.web.combined import Combined
from shared.web.database_errors import on_database_error
from shared.web.documentation import openapi_of
from shared.web.edge import Edge
from shared.web.idempotency import Replay, on_replay
from shared.web.jwks import FixedKeys, KeySource
from shared.web.operations import operations_router
from shared.web.ports import WebContext, WebService
from shared.web.query import KnownQuery, query_names
from shared.web.settings import WebSettings
from shared.web.strict_input import StrictInput
from shared.web.tokens import TokenVerifier
from shared.web.transaction import open_transaction
from shared.web.validation import on_validation_error

_SILENT = {"tracing": False, "metrics": False, "logs": False, "operation_spans": False}
_HANDLERS: Mapping[type[Exception], Any] = {
    Refusal: problems.on_refusal,
    problems.Rejection: problems.on_rejection,
    HTTPException: problems.on_http_exception,
    RequestValidationError: on_validation_error,
    Replay: on_replay,
    DatabaseError: on_database_error,
    OSError: on_database_error,
    TimeoutError: on_database_error,
}


def create_app(
    service: WebService,
    context: WebContext,
    *,
    keys: Mapping[str, Any] | None = None,
    settings: WebSettings | None = None,
) -> FastAPI:
    """One service under its own path. `keys`: the issuer's JWKS; without it, where the settings say it is."""
    settings = settings or WebSettings()
    root = f"/{service.name}"
    app: FastAPI = FastAPIOffline(
        title=service.title,
        version="1",
        docs_url=f"{root}/docs",
        redoc_url=None,
        openapi_url=f"{root}/openapi.json",
        static_url=f"{root}/docs/assets",
        swagger_ui_oauth2_redirect_url=f"{root}/docs/oauth2-redirect",
        redirect_slashes=False,
        telemetry=_SILENT,
        exception_handlers=dict(_HANDLERS),
    )
    app.state.service = service
    app.state.context = context
    app.state.settings = settings
    app.state.gate = Gate(_verifier(settings, keys), context.db, service.tables.tables.get(f"{service.name}.api_keys"))
    app.openapi = partial(openapi_of, app)  # type: ignore[method-assign]
    for router in (*service.routers, operations_router(service.name)):
        _include(app, router)
    app.add_middleware(StrictInput, settings=settings)
    app.add_middleware(
        Edge, service=service.name, reads=settings.reads_in_flight, everything=settings.requests_in_flight
    )
    return app


def combine(apps: Mapping[str, FastAPI]) -> Combined:
    """One ASGI application for these services, by name: each under its own path, with index, health and metrics."""
    return Combined(apps)


def _verifier(settings: WebSettings, jwks: Mapping[str, Any] | None) -> TokenVerifier:
    keys: KeySource | None = FixedKeys(jwks) if jwks is not None else None
    return TokenVerifier(settings, keys)


def _include(app: FastAPI, router: APIRouter) -> None:
    """Add a router's routes themselves: matching an included router would walk through all of them twice."""
    routes = [route for route in router.routes if isinstance(route, APIRoute)]
    if len(routes) != len(router.routes):
        app.include_router(router)
        return
    for route in routes:
        _prepare(route)
        app.router.routes.append(route)


def _prepare(route: APIRoute) -> None:
    """Ask who it is before anything else, open the transaction last; refuse unknown query parameters."""
    dependencies = route.dependant.dependencies
    if not any(isinstance(each.call, KnownQuery) for each in dependencies):
        known = KnownQuery(query_names(route.dependant))
        dependencies.append(Dependant(call=known, request_param_name="request", path=route.path_format))
    dependencies.sort(key=_order)


def _order(dependant: Dependant) -> int:
    if isinstance(dependant.call, Needs):
        return 0
    if isinstance(dependant.call, KnownQuery):
        return 1
    return 3 if dependant.call is open_transaction else 2
