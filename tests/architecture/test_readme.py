"""The README's example is not a drawing: what it posts is accepted."""

import json
import re
from typing import TYPE_CHECKING

from tests.architecture.tree import ROOT

if TYPE_CHECKING:
    from shared.testing.system import System


async def test_the_complaint_of_the_readme_is_accepted_and_goes_to_its_branch(system: "System") -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    path = re.search(r"http://127\.0\.0\.1:8000(\S+)", readme)
    role = re.search(r"make token ROLE=(\w+)", readme)
    quoted = re.search(r"-d '(\{.*\})'\n```", readme, re.DOTALL)
    assert path
    assert role
    assert quoted
    body = json.loads(re.sub(r"'\"\$\(date[^)]*\)\"'", system.clock.now().isoformat(), quoted[1]))
    answer = await system.api(role[1]).post(path[1], json=body, headers={"Idempotency-Key": "readme"})
    assert answer.status_code == 201, answer.text
    assert answer.json()["office"] == body["branch"]
