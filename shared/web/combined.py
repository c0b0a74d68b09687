"""Several services behind one port: dispatch by the first part of the path, an index page, health and metrics."""

from collections.abc import Mapping
from html import escape

from fastapi import FastAPI
from starlette.responses import HTMLResponse, Response
from starlette.types import Message, Receive, Scope, Send

from shared.observability import metrics, trace
from shared.web.edge import secured
from shared.web.health import readiness
from shared.web.problems import problem

_PAGE = """<!doctype html>
<html lang="th"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>กปภ. ระบบรับเรื่องร้องเรียน · PWA complaints</title>
<style>body{{font-family:sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem;line-height:1.5}}
li{{margin:.5rem 0}}code{{background:#eee;padding:0 .3rem}}</style></head><body>
<h1>ระบบรับเรื่องร้องเรียน การประปาส่วนภูมิภาค</h1>
<p>Complaint handling of the Provincial Waterworks Authority of Thailand.</p>
{pages}<h2>บริการ · Services</h2><ul>{services}</ul>
<h2>สถานะ · State</h2>
<p><a href="/readyz"><code>/readyz</code></a> พร้อมใช้งานหรือไม่ · ready, degraded or away ·
<a href="/livez"><code>/livez</code></a> · <a href="/metrics"><code>/metrics</code></a></p></body></html>"""
_SERVICE = (
    '<li><strong>{title}</strong> <code>/{name}/v1</code><br><a href="/{name}/docs">เอกสาร API · API documentation</a>'
    ' · <a href="/{name}/openapi.json">OpenAPI 3.1</a></li>'
)
_LINK = '<li><a href="{path}">{title}</a></li>'


class Combined:
    """An ASGI application. The services' own lifespans never run: whoever serves this owns all resources."""

    def __init__(self, apps: Mapping[str, FastAPI]) -> None:
        self.apps = dict(apps)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1003})

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        first = scope["path"].split("/", 2)[1] if scope["path"].startswith("/") else ""
        app = self.apps.get(first)
        if app is not None:
            await app(scope, receive, send)
            return
        response = await self._own(scope)
        response.raw_headers = secured(response.raw_headers)
        await response(scope, receive, send)

    async def _own(self, scope: Scope) -> Response:
        path, method = scope["path"], scope["method"]
        if path not in {"/", "/livez", "/readyz", "/metrics"}:
            traceparent = trace.new_traceparent()
            headers = {"traceparent": traceparent}
            return problem(404, "not_found", "There is no such service.", headers=headers, trace=traceparent)
        if method not in {"GET", "HEAD"}:
            return problem(405, "method_not_allowed", "This path can only be read.", headers={"Allow": "GET, HEAD"})
        if path == "/readyz":
            return await readiness(self.apps)
        if path == "/metrics":
            content, media_type = metrics.exposition()
            return Response(content, media_type=media_type)
        return (
            HTMLResponse(self._index())
            if path == "/"
            else Response(b'{"status":"live"}', media_type="application/json")
        )

    def _index(self) -> str:
        services = [_SERVICE.format(name=name, title=escape(app.title)) for name, app in self.apps.items()]
        links = [
            _LINK.format(path=escape(path), title=escape(title))
            for app in self.apps.values()
            for path, title in app.state.service.pages.items()
        ]
        pages = f"<h2>หน้าจอทำงาน · Pages</h2><ul>{''.join(links)}</ul>" if links else ""
        return _PAGE.format(services="".join(services), pages=pages)


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message: Message = await receive()
        if message["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        else:
            await send({"type": "lifespan.shutdown.complete"})
            return
