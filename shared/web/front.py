"""What a service answers while it cannot begin, because its database is away."""

from starlette.types import ASGIApp, Receive, Scope, Send

from shared.web.problems import problem

ALIVE = "/livez"


class Front:
    """Alive, not ready; everything else is 503 until `open` is called."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.is_open = False

    def open(self) -> None:
        self.is_open = True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.is_open or scope["type"] != "http" or scope["path"] == ALIVE:
            await self.app(scope, receive, send)
            return
        detail = "This service waits for its database. Try again shortly."
        await problem(503, "starting", detail, headers={"Retry-After": "5"})(scope, receive, send)
