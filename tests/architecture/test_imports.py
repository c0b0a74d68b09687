"""Imports point inward, and each contract that says so has been seen to fail."""

import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.architecture.tree import CODE, ROOT, SERVICES, imports, modules, name_of

MUTATIONS = [
    ("services", "services/sla_service/domain", "import services.intake_service.domain"),
    ("services", "services/reporting_service/service", "import services.survey_service.store"),
    ("service-layers", "services/sla_service/domain", "import services.sla_service.store"),
    ("service-layers", "services/intake_service/store", "import services.intake_service.use_cases"),
    ("service-layers", "services/survey_service/use_cases", "import services.survey_service.jobs"),
    ("service-layers", "services/escalation_service/api", "import services.escalation_service.consumers"),
    ("service-layers", "services/reporting_service/jobs", "import services.reporting_service.service"),
    ("shared-layers", "shared/contracts", "import shared.db.tx"),
    ("shared-layers", "shared/db", "import shared.messaging.port"),
    ("shared-layers", "shared/messaging", "import shared.web"),
    ("shared-layers", "shared/web", "import shared.runtime.service"),
    ("shared-layers", "shared/runtime", "import shared.testing"),
    ("shared-layers", "shared/somewhere_new", '"""A package that no layer names."""'),
    ("shared-services", "shared/runtime", "import services.intake_service.service"),
    ("domain", "services/survey_service/domain", "import sqlalchemy"),
    ("domain", "services/survey_service/domain", "import shared.contracts.base"),
    ("domain", "services/intake_service/domain", "import pydantic"),
    ("kernel", "shared/kernel", "import pydantic"),
    ("sql", "services/reporting_service/use_cases", "from sqlalchemy import text"),
    ("sql", "services/intake_service/api", "import asyncpg"),
    ("sql", "shared/web", "from sqlalchemy import select"),
]


def lint_imports(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-logo", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tree")
    shutil.copy(ROOT / "pyproject.toml", folder)
    for name in CODE:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.fixture
def injected(copy: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """The copy with one line more in one module, taken back afterwards."""
    name, line = request.param
    path = copy / f"{name}.py"
    if not path.exists():
        path = copy / name / "__init__.py"
    before = path.read_text(encoding="utf-8") if path.exists() else None
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"{before or ''}\n{line}\n", encoding="utf-8")
    yield copy
    if before is None:
        shutil.rmtree(path.parent)
    else:
        path.write_text(before, encoding="utf-8")


def test_imports_point_inward() -> None:
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("contract", "injected"),
    [(contract, (module, line)) for contract, module, line in MUTATIONS],
    indirect=["injected"],
    ids=[f"{contract}: {module} says {line}" for contract, module, line in MUTATIONS],
)
def test_a_bad_import_breaks_its_contract(contract: str, injected: Path) -> None:
    done = lint_imports(injected, "--contract", contract)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "0 kept, 1 broken" in done.stdout


def contracts() -> dict[str, dict[str, Any]]:
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    return {contract["id"]: contract for contract in tools["importlinter"]["contracts"]}


def test_every_contract_has_been_seen_to_fail() -> None:
    assert set(contracts()) == {contract for contract, _, _ in MUTATIONS}


def test_every_service_is_held_to_the_contracts_of_services() -> None:
    everyone = {f"services.{service}" for service in SERVICES}
    assert set(contracts()["services"]["modules"]) == everyone
    assert set(contracts()["service-layers"]["containers"]) == everyone


def test_a_domain_imports_only_the_standard_library_the_kernel_and_itself() -> None:
    allowed: dict[str, tuple[str, ...]] = {
        f"services/{service}/domain": ("shared.kernel", f"services.{service}.domain") for service in SERVICES
    }
    allowed["shared/kernel"] = ("shared.kernel",)
    strangers = [
        f"{name_of(path)} imports {module}"
        for folder, prefixes in allowed.items()
        for path in modules(folder)
        for module in imports(path)
        if module.split(".")[0] not in sys.stdlib_module_names and not module.startswith(prefixes)
    ]
    assert strangers == []
