"""A headless Chromium and the follow-up desk on a real socket: what the tests of the page stand on."""

import asyncio
import os
import threading
from collections.abc import Coroutine, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
from selenium import webdriver
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service as Driver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait
from uvicorn.server import ServerState

from services.escalation_service.api.desk import DESK
from services.escalation_service.service import SERVICE
from services.escalation_service.use_cases import posts
from shared.db import Database
from shared.db.embedded import EmbeddedPostgres
from shared.kernel.access import rows_of
from shared.kernel.clock import ManualClock
from shared.messaging.inprocess import InProcessBroker
from shared.reference import DEPUTY_AREAS
from shared.runtime.node import build
from shared.testing import postgres
from shared.testing.start import START
from shared.web.app import combine, create_app
from shared.web.dev_issuer import DevIssuer
from shared.web.server import BoundedHttp, server_config
from tests.escalation.given import Case, Desk

T = TypeVar("T")
BROWSER, DRIVER = Path("/usr/bin/chromium"), Path("/usr/bin/chromedriver")
_FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--lang=th", "--hide-scrollbars",
)  # fmt: skip
_FLEETING = (NoSuchElementException, StaleElementReferenceException)
WAIT_SECONDS = 20
HOUR = timedelta(hours=1)


def missing() -> str | None:
    """Why there is no browser here."""
    absent = [str(path) for path in (BROWSER, DRIVER) if not path.exists()]
    return f"no browser to test the desk's page in: {' and '.join(absent)} missing" if absent else None


def start_or_skip(folder: Path) -> webdriver.Chrome:
    """A browser of its own; without one the test is skipped, or fails under PWA_REQUIRE_BROWSER=1."""
    if reason := missing():
        if os.environ.get("PWA_REQUIRE_BROWSER") == "1":
            pytest.fail(f"a browser is required here: {reason}")
        pytest.skip(reason)
    options = Options()
    options.binary_location = str(BROWSER)
    for flag in (*_FLAGS, f"--user-data-dir={folder / 'profile'}"):
        options.add_argument(flag)
    options.add_experimental_option("prefs", {"download.default_directory": str(folder / "downloads")})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options=options, service=Driver(str(DRIVER)))


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[webdriver.Chrome, Path]]:
    """The module's browser and the folder that it saves files in."""
    folder = tmp_path_factory.mktemp("chromium")
    driver = start_or_skip(folder)
    yield driver, folder / "downloads"
    driver.quit()


class Loop:
    """An event loop in a thread: the product runs there while the test drives the browser."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        future: Future[T] = asyncio.run_coroutine_threadsafe(work, self._loop)
        return future.result(60)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@dataclass
class Served:
    """Escalation behind its own port, on a database of its own."""

    loop: Loop
    desk: Desk
    issuer: DevIssuer
    base: str

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run(work)

    def token(self, role: str, office: str | None = None, *also: str, **more: Any) -> str:
        _, regions = rows_of(office, DEPUTY_AREAS)
        return self.issuer.mint([role, *also], offices=[office] if office else [], regions=list(regions), **more)

    def rows(self, query: str, **params: object) -> Sequence[Any]:
        return self.do(self.desk.rows(query, **params))


@contextmanager
def serving(server: EmbeddedPostgres, folder: Path) -> Iterator[Served]:
    """The service as `make up` would serve it, at 09:00 on Tuesday 3 February 2026."""
    loop = Loop()
    stop = asyncio.Event()
    ready: Future[Served] = Future()
    running = asyncio.run_coroutine_threadsafe(_serve(loop, server, folder, ready, stop), loop._loop)
    try:
        yield ready.result(60)
    finally:
        loop._loop.call_soon_threadsafe(stop.set)
        running.result(60)
        loop.close()


async def _serve(
    loop: Loop, server: EmbeddedPostgres, folder: Path, ready: "Future[Served]", stop: asyncio.Event
) -> None:
    database = await postgres.create(server)
    clock = ManualClock(START)
    db = Database(database.url("escalation"), schema="escalation", clock=clock, pool_size=4)
    async with db.transaction() as tx:
        await posts.seed(tx)
    async with httpx.AsyncClient(verify=False) as http:
        node = build(SERVICE, database.url("escalation"), InProcessBroker(), http, clock=clock)
        issuer = DevIssuer(folder / "dev_issuer.pem")
        app = combine({SERVICE.name: create_app(SERVICE, node.context, keys=issuer.jwks())})
        config = server_config(app, "127.0.0.1", 0)
        config.load()
        state = ServerState()
        listening = await asyncio.get_running_loop().create_server(
            lambda: BoundedHttp(config, state, {}), "127.0.0.1", 0
        )
        port = listening.sockets[0].getsockname()[1]
        ready.set_result(Served(loop, Desk(db, clock), issuer, f"http://127.0.0.1:{port}"))
        await stop.wait()
        listening.close()
        for connection in list(state.connections):
            connection.transport.close()
        await asyncio.gather(*state.tasks, return_exceptions=True)
        await node.close()
    await db.dispose()
    await postgres.drop(database)


class Page:
    """The desk in the browser, spoken of in the words of its users."""

    def __init__(self, driver: webdriver.Chrome, served: Served, downloads: Path) -> None:
        self.driver, self.served, self.downloads = driver, served, downloads
        self.size(1280, 900)

    def size(self, width: int, height: int) -> None:
        """The size of what is seen, not of the window around it."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def visit(self, fragment: str = "") -> None:
        self.driver.get("about:blank")
        self.driver.get(f"{self.served.base}{DESK}{fragment}")

    def sign_in(self, role: str = "complaints_division", office: str | None = None, *also: str) -> None:
        """With a token in the address, then until the list is there."""
        self.visit(f"#token={self.served.token(role, office, *also)}")
        self.wait(lambda: self.find("#who-name").text and self.is_settled())

    def is_settled(self) -> bool:
        lines = self.driver.find_elements(By.CSS_SELECTOR, "#lines:not([aria-busy])")
        has_place = self.js("return document.activeElement !== document.body")
        return bool(lines) and has_place and self.find("#list-count").text != ""

    def find(self, css: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, css)

    def all(self, css: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def click(self, css: str) -> None:
        """Once it is there; a list that is drawn anew in this moment is tried again."""

        def clicked() -> bool:
            self.find(css).click()
            return True

        self.wait(clicked)

    def texts(self, css: str) -> list[str]:
        """What all of these say, read in one instant."""
        read = "return [...document.querySelectorAll(arguments[0])].map((each) => each.innerText.trim())"
        said: list[str] = self.js(read, css)
        return said

    def wait(self, until: Any) -> Any:
        return WebDriverWait(self.driver, WAIT_SECONDS, 0.05, ignored_exceptions=_FLEETING).until(lambda _: until())

    def wait_for_text(self, css: str, text: str) -> None:
        self.wait(lambda: text in self.find(css).text)

    def keys(self, *keys: str) -> None:
        """Typed wherever the keyboard is."""
        webdriver.ActionChains(self.driver).send_keys(*keys).perform()

    def chord(self, held: str, key: str) -> None:
        """A key while another is held."""
        webdriver.ActionChains(self.driver).key_down(held).send_keys(key).key_up(held).perform()

    def submit(self) -> None:
        """Sends the open form from the keyboard and waits until it is gone."""
        self.chord(Keys.CONTROL, Keys.ENTER)
        self.wait(lambda: not self.all("dialog"))

    def js(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def focused(self) -> WebElement:
        return self.driver.switch_to.active_element

    def complaints(self) -> list[str]:
        """What the browser's console has to say since it was asked last."""
        return [f"{entry['level']}: {entry['message']}" for entry in self._log()]

    def _log(self) -> list[dict[str, str]]:
        entries: list[dict[str, str]] = self.driver.get_log("browser")  # type: ignore[no-untyped-call]
        return entries


@pytest.fixture
def page(chromium: tuple[webdriver.Chrome, Path], postgres_server: EmbeddedPostgres, tmp_path: Path) -> Iterator[Page]:
    """The desk of this test's own service; at the end the browser's console must have nothing to say."""
    driver, downloads = chromium
    with serving(postgres_server, tmp_path) as served:
        shown = Page(driver, served, downloads)
        yield shown
        driver.get("about:blank")
        assert shown.complaints() == []


async def late_case(desk: Desk, office: str, number: int, hours: int = 30) -> Case:
    """A case that is late since so many hours and whose first rung has fired."""
    case = Case(office)
    registered = case.registered(desk.now - 60 * HOUR).model_copy(update={"number": f"{office}-2569-{number:06}"})
    due = desk.now - hours * HOUR
    await desk.hear(registered, case.classified(desk.now), case.routed(desk.now, office), case.breached(due))
    await desk.advance(minutes=1)
    return case


def late(page: Page, *offices: str) -> list[Case]:
    """A late case of each office, the first one late the longest."""
    desk = page.served.desk
    return [page.served.do(late_case(desk, office, n, 90 - n)) for n, office in enumerate(offices, start=1)]


def fill(page: Page, **values: str) -> None:
    """Types into the fields of the open form, in the place of what stood there."""
    for name, value in values.items():
        field = page.find(f"dialog [name={name}]")
        field.clear()
        field.send_keys(value)
