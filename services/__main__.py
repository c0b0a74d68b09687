"""The commands for the whole product: up, demo, token, check. Each imports what it needs and no more."""

import argparse
import asyncio
import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """`python -m services …`; returns the exit status."""
    arguments, rest = _parser().parse_known_args(argv)
    if arguments.command == "demo":
        from services.demo import main as demo

        return demo(rest)
    if rest:
        _parser().error(f"unrecognized arguments: {' '.join(rest)}")
    if arguments.command == "token":
        from services.token import token

        print(token(arguments))
        return 0
    import uvloop

    from services import local
    from services.catalogue import SERVICES

    if arguments.command == "check":
        return asyncio.run(local.check_all(SERVICES, apart=arguments.kafka))
    if sys.stdout.isatty():
        sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    return uvloop.run(local.up(SERVICES, apart=arguments.kafka))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m services", description="PWA Complaints")
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="run everything on this machine")
    up.add_argument("--kafka", action="store_true", help="a process per service, with Apache Kafka between them")
    commands.add_parser("demo", help="a day of work against the running product", add_help=False)
    token = commands.add_parser("token", help="a bearer token of the development issuer")
    token.add_argument("role", nargs="+", help="branch_staff, complaints_division, operator, …")
    token.add_argument("--office", action="append", default=[])
    token.add_argument("--region", action="append", default=[], type=int)
    token.add_argument("--subject")
    check = commands.add_parser("check", help="exit 1 when a service lacks something that it needs")
    check.add_argument("--kafka", action="store_true", help="the services that `up --kafka` runs")
    return parser


if __name__ == "__main__":
    sys.exit(main())
