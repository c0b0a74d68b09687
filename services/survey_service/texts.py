"""Texts to customers: sandboxed templates, rendered from this service's own rows; HTML escapes what people wrote."""

from datetime import datetime
from pathlib import Path

from services.survey_service.domain.audience import FORMS, NONE, NOTICES, uncovered
from shared.gateways.letter import Text
from shared.gateways.templates import NoTemplate, fill, one_line
from shared.kernel.errors import Invalid
from shared.kernel.fiscal import bangkok_date, thai_date

FOLDER = Path(__file__).parent / "templates"


def facts(
    number: str | None, resolved_at: datetime, action: str | None, reason: str | None, name: str | None
) -> dict[str, str | None]:
    """What templates may use. What people wrote is one line, so that it cannot pretend to be a text of ours."""
    return {
        "number": number or "-",
        "resolved_on": thai_date(bangkok_date(resolved_at)),
        "action": one_line(action, 300),
        "reason": one_line(reason, 300),
        "name": one_line(name, 100),
    }


def new_date(number: str | None, due_at: datetime, name: str | None) -> dict[str, str | None]:
    """What the templates about more time may use."""
    return {"number": number or "-", "due_on": thai_date(bangkok_date(due_at)), "name": one_line(name, 100)}


def render(state: str, audience: str, form: str, values: dict[str, str | None], *, folder: Path = FOLDER) -> Text:
    """The text, not blank. Raises EmptyText or NoTemplate; a broken template counts as none."""
    name = NOTICES.get((state, audience), NONE)
    if name == NONE:
        raise NoTemplate("There is no text for this state and audience.", state=state, audience=audience)
    return fill(folder, name, form, values)


def problems(folder: Path = FOLDER) -> list[str]:
    """Why some customer would get no text: nothing decided for a pair, or a template missing, broken or empty."""
    found = [f"no template and no explicit none: {pair}" for pair in uncovered(NOTICES, _existing(folder))]
    sample = facts("1102-2569-000001", datetime.fromisoformat("2026-02-03T09:00:00+07:00"), "ซ่อมท่อ", "รออะไหล่", "สมชาย")
    sample |= new_date("1102-2569-000001", datetime.fromisoformat("2026-02-05T09:00:00+07:00"), "สมชาย")
    for state, audience in (pair for pair, name in NOTICES.items() if name != NONE):
        for form in FORMS:
            try:
                render(state, audience, form, sample, folder=folder)
            except Invalid as error:
                found.append(f"template {state}.{form} for {audience}: {error.reason_code}")
    return found


def _existing(folder: Path) -> list[str]:
    return [path.name.removesuffix(".txt") for path in folder.glob("*.txt")]
