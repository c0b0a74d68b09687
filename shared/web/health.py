"""Whether a service can answer, and what hampers it (reliability.md, "Health")."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import structlog
from fastapi import FastAPI
from starlette.responses import Response

from shared.db import Tx
from shared.db.schema import schema_mismatch
from shared.messaging.operations import counts
from shared.observability import metrics
from shared.observability.privacy import describe_error
from shared.web.ports import WebService

log = structlog.get_logger(__name__)
_PATIENCE_SECONDS = 5.0
STALE_SECONDS = 60


async def state_of(app: FastAPI) -> tuple[str, list[str]]:
    """One service: "ready", "degraded" with reasons, or "unavailable" when it cannot answer over HTTP."""
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            state, reasons = await _look(app)
    except Exception as error:  # noqa: BLE001 - whatever keeps the database from answering keeps us from answering
        log.warning("the readiness check failed", **describe_error(error))
        state, reasons = "unavailable", ["the database cannot be reached, or its schema was never migrated"]
    metrics.DEGRADED.labels(app.state.service.name).set(0 if state == "ready" else 1)
    return state, reasons


async def _look(app: FastAPI) -> tuple[str, list[str]]:
    service, context = app.state.service, app.state.context
    async with context.db.transaction(edge="health") as tx:
        other = await schema_mismatch(tx, service.migrations)
        if other is not None and not other.newer:
            return "unavailable", [other.reason]
        reasons = ([other.reason] if other else []) + await lacking(tx, service)
    reasons += app.state.gate.verifier.problems() + context.health()
    return ("degraded" if reasons else "ready"), reasons


async def lacking(tx: Tx, service: WebService) -> list[str]:
    """Why this service cannot do all of its work, as its tables tell (`services check`, /readyz)."""
    reasons: list[str] = await service.checks(tx)
    backlog = await counts(tx)
    if backlog["parked"]:
        reasons.append(f"{backlog['parked']} events are set aside; see /{service.name}/v1/parked")
    if backlog["oldest_seconds"] > STALE_SECONDS:
        reasons.append(f"the oldest event has been waiting to be sent for {backlog['oldest_seconds']} s")
    return reasons


async def check(tx: Tx, service: WebService) -> list[str]:
    """All of it, the schema's revision included: empty when a deployment may go on."""
    other = await schema_mismatch(tx, service.migrations)
    return ([other.reason] if other else []) + await lacking(tx, service)


async def readiness(apps: Mapping[str, FastAPI]) -> Response:
    """503 only when some service cannot answer; else 200 with what hampers them."""
    found = await asyncio.gather(*(state_of(app) for app in apps.values()))
    states = dict(zip(apps, found, strict=True))
    worst = "ready"
    for state, _ in found:
        worst = max(worst, state, key=("ready", "degraded", "unavailable").index)
    body: dict[str, Any] = {
        "status": worst,
        "reasons": [f"{name}: {reason}" for name, (_, reasons) in states.items() for reason in reasons],
        "services": {name: state for name, (state, _) in states.items()},
    }
    content = json.dumps(body, ensure_ascii=False).encode()
    headers = {"Retry-After": "5"} if worst == "unavailable" else None
    return Response(content, 503 if worst == "unavailable" else 200, headers, "application/json")
