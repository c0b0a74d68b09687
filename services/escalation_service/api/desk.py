"""The follow-up desk's page: files of the package, served as they are, under a policy that lets nothing else in."""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from shared.kernel.errors import NotFound

DESK = "/escalation/desk"
_FOLDER = Path(__file__).parents[1] / "desk"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}
# Own files only, no inline script or style, no frame, no form that leaves, no text taken for markup.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
router = APIRouter(prefix=DESK, include_in_schema=False)


@dataclass(frozen=True)
class _Asset:
    content: bytes
    media_type: str
    etag: str


@cache
def _assets() -> dict[str, _Asset]:
    """Every file of the page by name, read once."""
    found = {}
    for path in sorted(_FOLDER.iterdir()):
        content = path.read_bytes()
        found[path.name] = _Asset(content, _TYPES[path.suffix], f'"{hashlib.sha256(content).hexdigest()[:32]}"')
    return found


def _serve(request: Request, name: str) -> Response:
    asset = _assets().get(name)
    if asset is None:
        raise NotFound("There is no such file.")
    headers = {"ETag": asset.etag, "Cache-Control": "no-cache"}  # kept, but asked for: a deployment shows at once
    if asset.media_type.startswith("text/html"):
        headers |= {"Content-Security-Policy": _POLICY, "Cross-Origin-Opener-Policy": "same-origin"}
    if asset.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(asset.content, media_type=asset.media_type, headers=headers)


@router.get("")
async def get_page(
    request: Request, _case: Annotated[UUID | None, Query(alias="case", description="the page opens this case")] = None
) -> Response:
    return _serve(request, "index.html")


@router.get("/{name}")
async def get_file(name: str, request: Request) -> Response:
    return _serve(request, name)
