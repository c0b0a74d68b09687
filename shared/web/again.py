"""Serves a request once more when a table was changed under it while the code ran (a migration of the next release)."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.web.strict_input import BodyAgain

STALE = "pwa.stale"  # set in the scope of a request whose transaction was undone because of it


class Again:
    """The first answer is held back where the scope says so; the second goes out, whatever it is."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        first = dict(scope)

        async def unless_stale(message: Message) -> None:
            if STALE not in first:
                await send(message)

        await self.app(first, receive, unless_stale)
        if STALE in first:
            await self.app(scope, BodyAgain(scope["pwa.body"], receive), send)
        else:
            scope.update(first)
