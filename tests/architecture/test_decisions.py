"""The index of decisions names all of them, and whoever names a decision names one that exists."""

import re
from pathlib import Path

from tests.architecture.tree import ROOT

ADRS = ROOT / "docs" / "adr"
NAMED = re.compile(r"\bADRs? (\d{4})")


def _decisions() -> dict[str, Path]:
    return {file.name[:4]: file for file in ADRS.glob("[0-9]*.md")}


def test_every_decision_stands_in_the_index_with_its_title() -> None:
    listed = dict(re.findall(r"^- \[(\d{4})\]\([\w.-]+\) (.+)$", (ADRS / "README.md").read_text("utf-8"), re.MULTILINE))
    titles = {number: file.read_text("utf-8").splitlines()[0] for number, file in _decisions().items()}
    assert listed == {number: re.sub(r"^# \d{4}\s*[·:]?\s*", "", title) for number, title in titles.items()}


def test_no_two_decisions_have_one_number() -> None:
    assert len(_decisions()) == len(list(ADRS.glob("[0-9]*.md")))


def test_every_decision_that_is_named_exists() -> None:
    files = [file for folder in ("services", "shared", "tests", "docs") for file in (ROOT / folder).rglob("*.*")]
    files = [file for file in files if file.suffix in {".py", ".md"}]
    named = {number for file in files for number in NAMED.findall(file.read_text("utf-8"))}
    assert len(named) > 5
    assert named <= _decisions().keys()
