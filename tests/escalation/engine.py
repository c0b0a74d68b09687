"""One engine of the race: says that it is ready, waits for the start, fires until nothing is left or it dies."""

import asyncio
import sys

from services.escalation_service.use_cases.firing import fire_due_rungs
from shared.db import Database


async def main(url: str, batch: int) -> None:
    db = Database(url, schema="escalation", pool_size=2)
    try:
        async with db.transaction() as tx:
            await tx.read_clock()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.readline)
        fired = 1
        while fired:
            async with db.transaction(edge="timer") as tx:
                fired = await fire_due_rungs(tx, most=batch)
    finally:
        await db.dispose()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
