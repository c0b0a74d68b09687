"""The desk's page as files: what the server says of them, how they are found, and that nothing in them takes markup."""

import json
import re
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import httpx
import pytest

from services.catalogue import SERVICES
from services.escalation_service.api import desk as page
from services.escalation_service.domain.explain import Why
from services.escalation_service.domain.ladder import State
from services.escalation_service.domain.messages import Kind
from services.escalation_service.domain.messages import State as MessageState
from services.escalation_service.domain.offices import POSTS
from services.escalation_service.domain.urgency import Urgency
from services.local import banner
from shared.runtime.settings import RuntimeSettings
from shared.web.app import combine
from tests.architecture.tree import ROOT
from tests.escalation.browser import missing, start_or_skip
from tests.escalation.given import Front

FOLDER = ROOT / "services" / "escalation_service" / "desk"
SCRIPTS = sorted(FOLDER.glob("*.js"))
# Ways by which a text becomes markup, code or a style; the browser refuses them too (Trusted Types).
MARKUP = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|DOMParser|srcdoc|\.style\b|"
    r"setHTML|createContextualFragment|javascript:|https?://(?!www\.w3\.org/)"
)


@pytest.fixture
async def site(front: Front) -> AsyncIterator[httpx.AsyncClient]:
    """The whole site as a browser without a token meets it."""
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(app=combine({"escalation": front.app})), base_url="http://pwa.test"
    )
    yield client
    await client.aclose()


async def test_the_page_lets_nothing_in_but_its_own_files(site: httpx.AsyncClient) -> None:
    answer = await site.get("/escalation/desk")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["require-trusted-types-for"] == "'script'"
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"


async def test_every_file_of_the_page_is_served_and_kept_until_it_changes(site: httpx.AsyncClient) -> None:
    for path in FOLDER.iterdir():
        answer = await site.get(f"/escalation/desk/{path.name}")
        assert (answer.status_code, answer.content) == (200, path.read_bytes()), path.name
        assert answer.headers["cache-control"] == "no-cache"
        again = await site.get(f"/escalation/desk/{path.name}", headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("name", ["nothing.js", "..%2fservice.py", "%2e%2e/service.py", "desk.css/x", "", "INDEX.HTML"])
async def test_nothing_but_the_files_of_the_page_is_served(site: httpx.AsyncClient, name: str) -> None:
    assert (await site.get(f"/escalation/desk/{name}")).status_code == 404


async def test_every_file_that_a_file_names_exists(site: httpx.AsyncClient) -> None:
    for path in FOLDER.iterdir():
        text = path.read_text(encoding="utf-8")
        named = re.findall(r'"/escalation/desk/([\w.]+)"', text) + re.findall(r'from "\./([\w.]+)"', text)
        assert [name for name in named if not (FOLDER / name).exists()] == [], path.name


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_no_script_turns_text_into_markup_and_none_is_long(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert MARKUP.findall(text) == []
    assert len(text.splitlines()) <= 250
    assert text.startswith("// ")


def test_the_page_itself_has_no_script_style_or_handler_inside() -> None:
    text = (FOLDER / "index.html").read_text(encoding="utf-8")
    assert re.findall(r"<script(?![^>]*src=)|<style|\son\w+=|\sstyle=", text) == []


async def test_the_desk_is_found_from_the_index_page_and_from_what_make_up_prints(site: httpx.AsyncClient) -> None:
    assert f'<a href="{page.DESK}">' in (await site.get("/")).text
    assert "http://127.0.0.1:8000/escalation/desk" in banner(SERVICES, RuntimeSettings(), "key", apart=False)
    assert "http://127.0.0.1:8002/escalation/desk" in banner(SERVICES, RuntimeSettings(), "key", apart=True)


def test_every_refusal_of_the_service_has_a_sentence_in_thai() -> None:

    words = json.loads((FOLDER / "words.json").read_text(encoding="utf-8"))
    folder = ROOT / "services" / "escalation_service" / "use_cases"
    at_the_desk = ("follow_up", "answers", "reviewing")
    codes = {
        code
        for path in folder.glob("*.py")
        if path.stem.startswith(at_the_desk)
        for code in re.findall(r'code="(\w+)"', path.read_text(encoding="utf-8"))
    }
    assert len(codes) >= 5
    assert codes - set(words["problems"]) == set()


def test_everything_that_the_service_calls_by_code_has_a_word_in_thai() -> None:
    words = json.loads((FOLDER / "words.json").read_text(encoding="utf-8"))
    coded: dict[str, Iterable[str]] = {
        "reasons": set(Why), "urgencies": set(Urgency), "ladders": set(State), "message_states": set(MessageState),
        "message_kinds": set(Kind), "posts": {post for posts in POSTS.values() for post in posts},
    }  # fmt: skip
    for table, codes in coded.items():
        assert {str(code) for code in codes} == set(words[table]), table


def test_without_a_browser_its_tests_are_skipped_with_a_reason_or_fail_where_it_is_required(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tests.escalation.browser.BROWSER", tmp_path / "chromium")
    assert "chromium missing" in (missing() or "")
    monkeypatch.delenv("PWA_REQUIRE_BROWSER", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no browser to test"):
        start_or_skip(tmp_path)
    monkeypatch.setenv("PWA_REQUIRE_BROWSER", "1")
    with pytest.raises(pytest.fail.Exception, match="a browser is required here"):
        start_or_skip(tmp_path)
