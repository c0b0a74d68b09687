"""`make demo`: a day of work in fast motion over REST, against the running product."""

import argparse
import asyncio
import random
import secrets
import string
import sys
from collections.abc import Sequence
from pathlib import Path

import httpx

from services.demo import calling, chasing, handling, receiving, reporting, summary
from services.demo.cases import Living, World
from services.demo.client import NotRunning, open_product
from services.demo.feeding import feed
from services.demo.plan import plan_day
from services.demo.progress import Stage
from services.demo.settling import settle
from shared.runtime.settings import RuntimeSettings


def main(argv: Sequence[str] | None = None) -> int:
    """`python -m services demo …`; 1 when something was refused that should not have been."""
    parser = argparse.ArgumentParser(prog="python -m services demo", description="A day of work in fast motion.")
    parser.add_argument("--tickets", type=Path, metavar="FILE", help="JSON lines to feed through intake instead")
    parser.add_argument("--cases", type=int, default=300, metavar="N", help="how many cases (default 300)")
    parser.add_argument("--seed", type=int, help="the same seed plans the same cases")
    arguments = parser.parse_args(argv)
    if not 1 <= arguments.cases <= 20_000:
        parser.error("--cases takes 1 to 20000")
    if arguments.tickets and not arguments.tickets.is_file():
        parser.error(f"{arguments.tickets} is not a file")
    try:
        return asyncio.run(_run(arguments))
    except NotRunning:
        sys.stderr.write("The product does not answer. Start it with `make up` in another terminal.\n")
        return 2
    except KeyboardInterrupt:
        return 130


def _run_name() -> str:
    """Letters only: digits in a reference could look like a telephone number and be refused."""
    return "".join(secrets.choice(string.ascii_uppercase) for _ in range(6))


async def _run(arguments: argparse.Namespace) -> int:
    limits = httpx.Limits(max_connections=32)
    async with httpx.AsyncClient(timeout=60, limits=limits, trust_env=False) as http:
        seed = arguments.seed if arguments.seed is not None else secrets.randbelow(1_000_000)
        product = open_product(RuntimeSettings(), http)
        world = World(product, Stage(), random.Random(seed), _run_name())
        if arguments.tickets:
            await feed(world, arguments.tickets)
        else:
            await play(world, arguments.cases, seed)
        return _end(world.stage)


async def play(world: World, count: int, seed: int) -> list[Living]:
    """The whole day: all ten steps, then the figures."""
    world.stage.say(f"A day of work in fast motion: {count} cases (seed {seed})")
    await chasing.enter_officers(world)
    cases = await receiving.receive(world, plan_day(count, world.now(), seed))
    await _handle(world, cases)
    await _tell_and_call(world, cases)
    await chasing.follow_up(world)
    await reporting.send_packs(world)
    await reporting.publish_quarter(world)
    await reporting.evaluate_year(world)
    await reporting.exchange_with_ois(world)
    await summary.print_day(world, cases)
    return cases


async def _handle(world: World, cases: list[Living]) -> None:
    await handling.classify(world, cases)
    await handling.ask(world, cases)
    await handling.answer(world, cases)
    await handling.route(world, cases)
    await receiving.repeat(world, cases)
    await handling.accept(world, cases)
    await handling.resolve(world, cases)


async def _tell_and_call(world: World, cases: list[Living]) -> None:
    await settle(world, cases)
    await calling.release_reviews(world)
    await calling.wait_for_notices(world)
    await calling.tell_by_phone(world)
    await calling.draw_samples(world)
    waiting = await world.product.staff("survey_caller", subject="demo-caller-0").pages("/survey/v1/calls", most=400)
    await calling.call(world, len(waiting))
    await calling.wait_for_requests(world)
    await calling.decide_reopenings(world)


def _end(stage: Stage) -> int:
    stage.say()
    stage.say(f"{stage.seconds:.0f} s.")
    if not stage.problems:
        return 0
    stage.say(f"{len(stage.problems)} requests were refused that should not have been:")
    for problem in stage.problems[:20]:
        stage.say(f"  {problem}")
    return 1
