"""The same rows by pgbench: a create's inserts and locked counters, one transaction each, nothing read."""

import asyncio
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import make_url

from shared.db.embedded import binaries
from shared.testing.postgres import TestDatabase
from tests.benchmarks import complaint

SCRIPT = Path(__file__).with_name("create.sql")
_CONSTANTS = {
    "channel": complaint.CHANNEL,
    "branch": complaint.BRANCH,
    "subject": complaint.SUBJECT,
    "name": complaint.NAME,
    "phone": complaint.PHONE,
    "consent": complaint.CONSENT,
    "place": complaint.PLACE,
    "text": complaint.TEXT,
}


@dataclass(frozen=True)
class Round:
    """What one run did."""

    seconds: float
    took: list[int]  # microseconds of each transaction


async def pgbench(
    database: TestDatabase, *, offices: int, clients: int = 1, seconds: float = 0, transactions: int = 0
) -> Round:
    """Run the script, as intake's own role, for so many seconds or transactions. Raises RuntimeError with its words."""
    url = make_url(database.url("intake"))
    constants = [f"--define={name}={value}" for name, value in {**_CONSTANTS, "offices": str(offices)}.items()]
    length = [f"--transactions={transactions}"] if transactions else [f"--time={max(1, round(seconds))}"]
    with tempfile.TemporaryDirectory() as logs:
        process = await asyncio.create_subprocess_exec(
            str(binaries() / "pgbench"), "--no-vacuum", "--protocol=prepared", "--log", f"--log-prefix={logs}/log",
            f"--client={clients}", "--jobs=1", f"--file={SCRIPT}", *length, *constants,
            "--host=127.0.0.1", f"--port={url.port}", f"--username={url.username}", str(url.database),
            env={**os.environ, "PGPASSWORD": str(url.password), "PGOPTIONS": "-c search_path=intake,public"},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        said = (await process.communicate())[0].decode()
        took = _taken(Path(logs))
    rate = re.search(r"tps = ([0-9.]+)", said)
    if process.returncode or rate is None or not took:
        raise RuntimeError(said[-2000:])
    return Round(len(took) / float(rate[1]), took)


def _taken(logs: Path) -> list[int]:
    return [int(line.split()[2]) for log in logs.iterdir() for line in log.read_text().splitlines()]
