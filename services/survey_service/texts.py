"""Texts to customers: sandboxed templates, rendered from this service's own rows; HTML escapes what people wrote."""

from datetime import datetime
from functools import cache
from pathlib import Path

from jinja2 import FileSystemLoader, StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from services.survey_service.domain.audience import FORMS, NONE, NOTICES, uncovered
from services.survey_service.gateways.letter import Text
from shared.kernel.errors import Invalid
from shared.kernel.fiscal import bangkok_date, thai_date

FOLDER = Path(__file__).parent / "templates"
LONGEST = {"sms": 500, "line": 5000, "email": 50_000, "phone": 2000}


class EmptyText(Invalid):
    """A message without a text is refused before it is sent."""

    code = "empty_text"


class NoTemplate(Invalid):
    """There is no template for this state, audience and form."""

    code = "no_template"


@cache
def _environment(folder: Path) -> ImmutableSandboxedEnvironment:
    return ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(folder),
        autoescape=lambda name: bool(name and name.endswith(".html")),
        undefined=StrictUndefined,
        auto_reload=False,
    )


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


def one_line(value: str | None, longest: int) -> str | None:
    joined = " ".join(value.split()) if value else ""
    return joined[:longest] or None


def render(state: str, audience: str, form: str, values: dict[str, str | None], *, folder: Path = FOLDER) -> Text:
    """The text, not blank. Raises EmptyText or NoTemplate; a broken template counts as none."""
    name = NOTICES.get((state, audience), NONE)
    if name == NONE:
        raise NoTemplate("There is no text for this state and audience.", state=state, audience=audience)
    try:
        plain = _part(folder, f"{name}.{form}.txt", values)
        if form != "email":
            return Text(_filled(plain)[: LONGEST[form]])
        subject = _part(folder, f"{name}.email.subject", values)
        html = _part(folder, f"{name}.email.html", values)
    except TemplateError as error:
        raise NoTemplate("The template cannot be rendered.", template=name, problem=type(error).__name__) from None
    return Text(_filled(plain), " ".join(_filled(subject).split()), _filled(html))


def _part(folder: Path, name: str, values: dict[str, str | None]) -> str:
    return _environment(folder).get_template(name).render(values)


def _filled(text: str) -> str:
    if not text.strip():
        raise EmptyText("The text is empty.")
    return text.strip()


def problems(folder: Path = FOLDER) -> list[str]:
    """Why some customer would get no text: nothing decided for a pair, or a template missing, broken or empty."""
    found = [f"no template and no explicit none: {pair}" for pair in uncovered(NOTICES, _existing(folder))]
    sample = facts("1102-2569-000001", datetime.fromisoformat("2026-02-03T09:00:00+07:00"), "ซ่อมท่อ", "รออะไหล่", "สมชาย")
    for state, audience in (pair for pair, name in NOTICES.items() if name != NONE):
        for form in FORMS:
            try:
                render(state, audience, form, sample, folder=folder)
            except Invalid as error:
                found.append(f"template {state}.{form} for {audience}: {error.reason_code}")
    return found


def _existing(folder: Path) -> list[str]:
    return [path.name.removesuffix(".txt") for path in folder.glob("*.txt")]
