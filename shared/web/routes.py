"""Brings a service's routes into its application, in the order and with the checks that every route has."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, APIRouter, request_response
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.web.access import Needs
from shared.web.query import KnownQuery, query_names
from shared.web.strict_input import CSV
from shared.web.transaction import open_transaction

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def include(app: FastAPI, router: APIRouter) -> None:
    """Add a router's routes themselves: FastAPI's included routers match every request twice."""
    for route in router.routes:
        if not isinstance(route, APIRoute):
            raise TypeError(f"{router.prefix}: routers are given to the service one by one, not nested")
        _prepare(route)
        app.router.routes.append(route)


def _prepare(route: APIRoute) -> None:
    """Ask who it is before anything else, open the transaction last; refuse unknown query parameters."""
    route.dependant.dependencies.sort(key=_order)
    if not isinstance(route.app, KnownQuery):
        handler = request_response(_with_read_body(route.get_route_handler()))
        route.app = KnownQuery(handler, query_names(route.dependant))


def csv_paths(app: FastAPI) -> frozenset[str]:
    """The paths (without parameters) of the routes that say they take a table instead of JSON."""
    bodies = {
        route.path: (route.openapi_extra or {}).get("requestBody", {})
        for route in app.router.routes
        if isinstance(route, APIRoute)
    }
    return frozenset(path for path, body in bodies.items() if CSV in body.get("content", {}))


def _with_read_body(handler: Handler) -> Handler:
    """The route's handler on the body that StrictInput has read and parsed, so that it is parsed once."""

    async def handle(request: Request) -> Response:
        if "pwa.json" in request.scope:
            request._json = request.scope["pwa.json"]  # noqa: SLF001 - where Request.json() looks first
            request._body = request.scope["pwa.body"]  # noqa: SLF001 - where Request.body() looks first
        return await handler(request)

    return handle


def _order(dependant: Dependant) -> int:
    if isinstance(dependant.call, Needs):
        return 0
    return 2 if dependant.call is open_transaction else 1


class FixedPaths:
    """Finds routes without parameters at once; everything else goes through the router."""

    def __init__(self, router: APIRouter) -> None:
        self.router = router
        self._fixed = {
            (route.path, method): route
            for route in reversed(router.routes)
            if isinstance(route, APIRoute) and not route.param_convertors
            for method in route.methods or ()
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = self._fixed.get((scope["path"], scope["method"]))
        if route is None:
            await self.router(scope, receive, send)
            return
        scope["route"] = route
        scope["endpoint"] = route.endpoint
        scope["path_params"] = {}
        app: ASGIApp = route.app
        await app(scope, receive, send)
