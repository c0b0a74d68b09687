"""House rules that no other tool checks: where SQL stands, how long a module is, what a file must not name."""

import ast
import re
from pathlib import Path

from tests.architecture.tree import CODE, ROOT, imports, modules, name_of, tracked_files

MAY_WRITE_SQL = re.compile(
    r"services/\w+/(store(\.py|/)|migrations/)|shared/(db|messaging|runtime|testing)/",
)
SQL = re.compile(
    r"\s*(--[^\n]*\s+)*(SELECT\s|INSERT\s+INTO\s|UPDATE\s+\S+\s+SET\s|DELETE\s+FROM\s|WITH\s+\w+\s+AS\s*\(|TRUNCATE\s"
    r"|(CREATE|ALTER|DROP)\s+(TABLE|INDEX|SCHEMA|ROLE)\s)"
)
REGISTRY = re.compile(r"(pypi|pythonhosted|npmjs|crates)\.(org|com|io)|repo1?\.maven|(deb\.debian|proxy\.golang)\.org")
MACHINE_PATH = re.compile(r"(?<![\w.])/(work|root|farm|Users|home/\w+)/")
MODULE_LIMIT = 400


def texts() -> dict[str, str]:
    """Tracked files as text; what does not decode is not text."""
    found = {}
    for path in tracked_files():
        try:
            found[name_of(path)] = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
    return found


def sql_in(path: Path) -> list[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = [
        f"{name_of(path)}:{node.lineno} holds SQL"
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.match(node.value)
    ]
    used = [module for module in imports(path) if module.split(".")[0] in {"sqlalchemy", "asyncpg", "psycopg"}]
    return found + [f"{name_of(path)} imports {module}" for module in used]


def test_sql_stands_in_stores_and_in_the_database_layer_only() -> None:
    elsewhere = [path for path in modules(*CODE) if not MAY_WRITE_SQL.match(name_of(path))]
    assert len(elsewhere) > 50
    assert [finding for path in elsewhere for finding in sql_in(path)] == []


def test_the_search_for_sql_finds_it() -> None:
    bad = ROOT / "shared" / "db" / "admin.py"
    assert any("imports asyncpg" in finding for finding in sql_in(bad))
    assert SQL.match("\n  SELECT 1")
    assert SQL.match("WITH gone AS (DELETE FROM outbox)")
    assert not SQL.match("Select a branch, then confirm")


def test_no_tracked_file_names_a_package_registry() -> None:
    assert [name for name, text in texts().items() if REGISTRY.search(text)] == []


def test_no_tracked_file_holds_a_path_of_somebodys_machine() -> None:
    assert [name for name, text in texts().items() if MACHINE_PATH.search(text)] == []


def test_every_module_opens_with_a_sentence_saying_what_it_is_for() -> None:
    silent = []
    for path in modules(*CODE, "tests"):
        source = path.read_text(encoding="utf-8")
        sentence = ast.get_docstring(ast.parse(source))
        if source.strip() and not (sentence and sentence.split("\n\n")[0].rstrip().endswith((".", "?", ":"))):
            silent.append(name_of(path))
    assert silent == []


def test_no_module_is_longer_than_a_reader_can_hold() -> None:
    lengths = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in modules(*CODE, "tests")}
    assert {name: lines for name, lines in lengths.items() if lines > MODULE_LIMIT} == {}


def test_nothing_is_left_to_be_done_later() -> None:
    later = re.compile(r"NotImplementedError|\b(TODO|FIXME)\b|type: ignore(?!\[)")
    this = name_of(Path(__file__))
    assert [
        name for name, text in texts().items() if name.endswith(".py") and name != this and later.search(text)
    ] == []
