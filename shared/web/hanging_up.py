"""A read ends when its client hangs up: its statement and its transaction with it."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

READS = frozenset({"GET", "HEAD", "OPTIONS"})


async def while_awaited(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Run `app` until it has answered or nobody waits for the answer any more."""
    said: asyncio.Queue[Message] = asyncio.Queue()

    async def listen() -> None:
        while (message := await receive())["type"] != "http.disconnect":
            said.put_nowait(message)

    work = asyncio.ensure_future(app(scope, said.get, send))
    gone = asyncio.ensure_future(listen())
    try:
        await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            work.cancel()
            await asyncio.wait({work})
    finally:
        gone.cancel()
        work.cancel()
    if not work.cancelled():
        work.result()
