"""The command line of one service: run, migrate, check, parked, replay."""
# ruff: noqa: T201 - the command line prints

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from typing import Any

import httpx
import uvloop

from shared.db.maintenance import maintain
from shared.db.migrate import upgrade
from shared.messaging import operations
from shared.messaging.operations import History, Which
from shared.messaging.settings import KafkaSettings
from shared.observability.logs import configure_logs
from shared.runtime.host import Host, died, stop_on_signals
from shared.runtime.node import ROLES, Node, build
from shared.runtime.service import Service
from shared.runtime.settings import RuntimeSettings
from shared.web.health import check


def main(service: Service, argv: Sequence[str] | None = None) -> int:
    """`python -m services.<name> …`; returns the exit status."""
    arguments = _parser(service).parse_args(argv)
    settings = RuntimeSettings()
    configure_logs(settings.log_level)
    command = _COMMANDS[arguments.command]
    try:
        return uvloop.run(command(service, settings, arguments))
    except BaseException as error:
        part = died(error)
        if part is None:
            raise
        print(f"stopped, because a part of it died: {part}", file=sys.stderr)
        return 70


def _parser(service: Service) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"python -m services.{service.name}_service", description=service.title)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="run this service alone on DATABASE_URL and KAFKA_BOOTSTRAP_SERVERS")
    run.add_argument("--roles", default=",".join(sorted(ROLES)), help="http,relay,consumer,jobs")
    commands.add_parser("migrate", help="bring the schema up to date (DATABASE_OWNER_URL)")
    commands.add_parser("maintain", help="the daily upkeep: partitions ahead, old rows away (DATABASE_OWNER_URL)")
    commands.add_parser("check", help="exit 1 when anything is missing that the service needs")
    parked = commands.add_parser("parked", help="events that were set aside")
    parked.add_argument("action", choices=("list", "replay", "discard"))
    parked.add_argument("--id", type=int, action="append", default=[])
    parked.add_argument("--key")
    parked.add_argument("--reason")
    parked.add_argument("--why", help="needed to discard")
    replay = commands.add_parser("replay", help="send archived events of this publisher again")
    replay.add_argument("topic")
    replay.add_argument("--key")
    return parser


def _node(service: Service, settings: RuntimeSettings) -> Node:
    from shared.messaging.kafka import KafkaBroker

    if not settings.database_url:
        raise SystemExit("DATABASE_URL is not set: postgresql+asyncpg://pwa_<service>:…@host/database")
    broker = KafkaBroker(KafkaSettings())
    http = httpx.AsyncClient(timeout=10, trust_env=False)
    return build(service, settings.database_url, broker, http, pool_size=settings.pool_size)


async def _run(service: Service, settings: RuntimeSettings, arguments: argparse.Namespace) -> int:
    roles = frozenset(arguments.roles.split(","))
    if unknown := roles - ROLES:
        raise SystemExit(f"unknown roles: {', '.join(sorted(unknown))}")
    stop = asyncio.Event()
    stop_on_signals(stop)
    node = _node(service, settings)
    await node.broker.start()
    try:
        address = (settings.host, settings.port)
        await Host([node], roles, address, share_port=settings.share_port).run(stop)
    finally:
        await node.broker.stop()
        await node.context.http.aclose()
    return 0


def _owner_url(settings: RuntimeSettings) -> str:
    if not settings.owner_url:
        raise SystemExit("DATABASE_OWNER_URL is not set: this runs as the owner role")
    return settings.owner_url


async def _migrate(service: Service, settings: RuntimeSettings, _arguments: argparse.Namespace) -> int:
    await upgrade(_owner_url(settings), service.name, service.migrations)
    return 0


async def _maintain(service: Service, settings: RuntimeSettings, _arguments: argparse.Namespace) -> int:
    print(json.dumps(await maintain(_owner_url(settings), service.name)))
    return 0


async def _check(service: Service, settings: RuntimeSettings, _arguments: argparse.Namespace) -> int:
    node = _node(service, settings)
    try:
        async with node.context.db.transaction() as tx:
            reasons = await check(tx, service)
    finally:
        await _close(node)
    for reason in reasons:
        print(f"{service.name}: {reason}")
    return 1 if reasons else 0


async def _parked(service: Service, settings: RuntimeSettings, arguments: argparse.Namespace) -> int:
    which = Which(ids=arguments.id, key=arguments.key, reason=arguments.reason)
    if arguments.action != "list" and which.is_everything:
        raise SystemExit("say which: --id, --key or --reason")
    if arguments.action == "discard" and not arguments.why:
        raise SystemExit("--why is needed to discard")
    node = _node(service, settings)
    try:
        async with node.context.db.transaction() as tx:
            print(json.dumps(await _on_parked(node, tx, which, arguments), ensure_ascii=False, default=str))
    finally:
        await _close(node)
    return 0


async def _on_parked(node: Node, tx: Any, which: Which, arguments: argparse.Namespace) -> Any:
    if arguments.action == "replay":
        applied, failed = await operations.replay_parked(tx, node.context.consumer, which)
        return {"applied": applied, "failed": failed}
    if arguments.action == "discard":
        return {"discarded": await operations.discard_parked(tx, node.context.consumer, which, arguments.why)}
    columns = ("id", "event_id", "topic", "key", "seq", "type", "reason", "error", "parked_at", "attempts")
    return [{name: getattr(row, name) for name in columns} for row in await operations.list_parked(tx, which)]


async def _replay(service: Service, settings: RuntimeSettings, arguments: argparse.Namespace) -> int:
    node = _node(service, settings)
    try:
        async with node.context.db.transaction() as tx:
            count = await operations.replay_sent(tx, History(arguments.topic, key=arguments.key))
    finally:
        await _close(node)
    print(f"{count} events will be sent again")
    return 0


async def _close(node: Node) -> None:
    await node.context.db.dispose()
    await node.context.http.aclose()


_COMMANDS = {
    "run": _run,
    "migrate": _migrate,
    "maintain": _maintain,
    "check": _check,
    "parked": _parked,
    "replay": _replay,
}
