"""Makes the HTTP application of a service, and one application of several."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.asyncexitstack import AsyncExitStackMiddleware
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException
from starlette.middleware.exceptions import ExceptionMiddleware

from shared.db.failures import DATABASE_ERRORS
from shared.kernel.errors import Refusal
from shared.web import problems
from shared.web.access import Gate
from shared.web.again import Again
from shared.web.combined import Combined
from shared.web.database_errors import on_database_error
from shared.web.documentation import openapi_of
from shared.web.edge import Edge
from shared.web.idempotency import Replay, on_replay
from shared.web.jwks import FixedKeys, KeySource
from shared.web.operations import operations_router
from shared.web.ports import WebContext, WebService
from shared.web.routes import FixedPaths, csv_paths, include
from shared.web.settings import WebSettings
from shared.web.strict_input import StrictInput
from shared.web.tokens import TokenVerifier
from shared.web.validation import on_validation_error

_SILENT = {"tracing": False, "metrics": False, "logs": False, "operation_spans": False}
_HANDLERS: Mapping[type[Exception], Any] = {
    Refusal: problems.on_refusal,
    problems.Rejection: problems.on_rejection,
    HTTPException: problems.on_http_exception,
    RequestValidationError: on_validation_error,
    Replay: on_replay,
    **dict.fromkeys(DATABASE_ERRORS, on_database_error),
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
    )
    app.state.service = service
    app.state.context = context
    app.state.settings = settings
    app.state.gate = Gate(_verifier(settings, keys), context.db, service.tables.tables.get(f"{service.name}.api_keys"))
    app.openapi = partial(openapi_of, app)  # type: ignore[method-assign]
    for router in (*service.routers, operations_router(service.name)):
        include(app, router)
    app.middleware_stack = _layers(app, settings)
    return app


def combine(apps: Mapping[str, FastAPI]) -> Combined:
    """One ASGI application for these services, by name: each under its own path, with index, health and metrics."""
    return Combined(apps)


def _verifier(settings: WebSettings, jwks: Mapping[str, Any] | None) -> TokenVerifier:
    keys: KeySource | None = FixedKeys(jwks) if jwks is not None else None
    return TokenVerifier(settings, keys)


def _layers(app: FastAPI, settings: WebSettings) -> Edge:
    """Everything around the routes, written out: FastAPI's own stack has three more layers that do nothing here."""
    inner = AsyncExitStackMiddleware(FixedPaths(app.router))
    checked = StrictInput(Again(ExceptionMiddleware(inner, dict(_HANDLERS))), settings, csv_paths(app))
    name = app.state.service.name
    return Edge(checked, service=name, reads=settings.reads_in_flight, everything=settings.requests_in_flight)
