"""Texts from sandboxed templates: HTML escapes what people wrote, nothing empty and nothing half filled goes out."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from jinja2 import FileSystemLoader, StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from shared.gateways.letter import Text
from shared.kernel.errors import Invalid

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


def one_line(value: str | None, longest: int) -> str | None:
    """What people wrote as one line, so that it cannot pretend to be a text of ours."""
    joined = " ".join(value.split()) if value else ""
    return joined[:longest] or None


def fill(folder: Path, name: str, form: str, values: Mapping[str, object]) -> Text:
    """The text of a template in one form, not blank. Raises EmptyText or NoTemplate; a broken one counts as none."""
    try:
        plain = _part(folder, f"{name}.{form}.txt", values)
        if form != "email":
            return Text(_filled(plain)[: LONGEST[form]])
        subject = _part(folder, f"{name}.email.subject", values)
        html = _part(folder, f"{name}.email.html", values)
    except TemplateError as error:
        raise NoTemplate("The template cannot be rendered.", template=name, problem=type(error).__name__) from None
    return Text(_filled(plain), " ".join(_filled(subject).split()), _filled(html))


def _part(folder: Path, name: str, values: Mapping[str, object]) -> str:
    return _environment(folder).get_template(name).render(values)


def _filled(text: str) -> str:
    if not text.strip():
        raise EmptyText("The text is empty.")
    return text.strip()
