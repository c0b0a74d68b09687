"""What is deployed is what the list of services says: a role, a migration and a process for each."""

import re
from typing import Any

import yaml

from tests.architecture.tree import ROOT, SERVICES

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text(encoding="utf-8"))
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def test_the_list_of_services_is_the_folders_of_services() -> None:
    from services.catalogue import SERVICES as LISTED

    assert {f"{service.name}_service" for service in LISTED} == set(SERVICES)


def test_every_service_has_a_login_role() -> None:
    roles = (ROOT / "deploy" / "postgres" / "roles.sql").read_text(encoding="utf-8")
    named = set(re.findall(r"'pwa_(\w+)'", roles))
    assert named == {"owner", *(service.removesuffix("_service") for service in SERVICES)}


def test_every_service_is_migrated_and_run_by_the_compose_file() -> None:
    commands = [container.get("command") for container in COMPOSE["services"].values()]
    for service in SERVICES:
        assert [f"services.{service}", "migrate"] in commands
        assert [f"services.{service}", "run"] in commands


def test_every_service_is_on_the_map_of_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [service for service in SERVICES if f"`services/{service}`" not in readme] == []


def test_every_make_command_of_the_documents_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):.*## ", MAKEFILE, re.MULTILINE))
    for name in ("README.md", "CONTRIBUTING.md", "ARCHITECTURE.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert set(re.findall(r"(?:^|`|\(|\$\()make ([a-z-]+)", text, re.MULTILINE)) <= targets, name


def test_every_file_that_a_document_points_at_exists() -> None:
    for name in ("README.md", "CONTRIBUTING.md", "ARCHITECTURE.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        paths = re.findall(r"`((?:services|shared|deploy|docs|tests|requirements)/[\w./-]*)`", text)
        assert [path for path in paths if not (ROOT / path).exists()] == [], name
