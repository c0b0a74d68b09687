"""Turns validation errors into problem details that name the place and the rule, never the value."""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, get_args

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from pydantic_core import PydanticCustomError
from starlette.responses import Response

from shared.web.problems import problem, trace_of

_SAFE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,39}")
_CODES = {"missing": "required", "extra_forbidden": "unknown_field"}
# What pydantic's own errors say here; anything not listed gets the general sentence.
_SENTENCES = {
    "missing": "This is required.",
    "extra_forbidden": "This field is not known.",
    "string_type": "This must be a text.",
    "string_too_short": "This is shorter than {min_length} characters.",
    "string_too_long": "This is longer than {max_length} characters.",
    "string_pattern_mismatch": "This does not have the form that is asked for.",
    "int_type": "This must be a whole number.",
    "int_parsing": "This must be a whole number.",
    "float_type": "This must be a number.",
    "bool_type": "This must be true or false.",
    "bool_parsing": "This must be true or false.",
    "uuid_parsing": "This must be a UUID.",
    "uuid_type": "This must be a UUID.",
    "literal_error": "This must be one of {expected}.",
    "enum": "This must be one of {expected}.",
    "greater_than": "This must be more than {gt}.",
    "greater_than_equal": "This must be at least {ge}.",
    "less_than": "This must be less than {lt}.",
    "less_than_equal": "This must be at most {le}.",
    "too_short": "This must have at least {min_length} entries.",
    "too_long": "This must have at most {max_length} entries.",
    "list_type": "This must be a list.",
    "dict_type": "This must be an object.",
    "model_attributes_type": "This must be an object.",
    "model_type": "This must be an object.",
}
_GENERAL = "This value is not acceptable."


def refuse(code: str, detail: str) -> PydanticCustomError:
    """An error for a validator to raise: its code and sentence reach the caller (a ValueError's text does not)."""
    return PydanticCustomError(code, detail, {"refused": True})


async def on_validation_error(request: Request, error: RequestValidationError) -> Response:
    """422 with the place of each error; 400 when a body is required and none came."""
    found = error.errors()
    if request.scope.get("pwa.body") == b"" and any(tuple(each["loc"]) == ("body",) for each in found):
        return problem(400, "body_required", "A JSON body is required.", trace=trace_of(request))
    body_model = getattr(getattr(request.scope.get("route"), "body_field", None), "field_info", None)
    details = [_detail(each, getattr(body_model, "annotation", None)) for each in found[:50]]
    codes = {str(each["code"]) for each in details}
    code = codes.pop() if len(codes) == 1 else "invalid"
    first = str(details[0]["detail"]) if len(details) == 1 else "Several values are not acceptable."
    return problem(422, code, first, errors=details, trace=trace_of(request))


def _detail(error: Mapping[str, Any], body_model: object) -> dict[str, object]:
    kind = str(error["type"])
    where, *path = error["loc"]
    detail: dict[str, object] = {"code": _CODES.get(kind, kind), "detail": _sentence(kind, error)}
    if where == "body":
        detail["pointer"] = "#" + "".join(f"/{_shown(part)}" for part in path)
        known = names_at(body_model, path[:-1]) if kind == "extra_forbidden" else ()
        nearest = difflib.get_close_matches(str(path[-1]), known, n=1, cutoff=0.0) if known else []
        if nearest:
            detail["nearest"] = nearest[0]
    else:
        detail["parameter"] = _shown(path[0]) if path else where
    return detail


def _sentence(kind: str, error: Mapping[str, Any]) -> str:
    context = error.get("ctx") or {}
    if context.get("refused"):
        return str(error["msg"])
    try:
        return _SENTENCES.get(kind, _GENERAL).format_map(context)
    except (KeyError, ValueError):
        return _GENERAL


def _shown(part: object) -> str:
    """A part of a place: names made by the caller are shown only when they look like field names."""
    if isinstance(part, int) or _SAFE_NAME.fullmatch(str(part)):
        return str(part)
    return "*"


def names_at(annotation: object, path: Sequence[object]) -> list[str]:
    """The field names known at a place inside a body of this type."""
    models = list(_models(annotation))
    for part in path:
        fields = [model.model_fields[str(part)] for model in models if str(part) in model.model_fields]
        if fields:
            models = [each for field in fields for each in _models(field.annotation)]
    return sorted({field.alias or name for model in models for name, field in model.model_fields.items()})


def _models(annotation: object) -> Iterable[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)


def nearest_name(name: str, known: Iterable[str]) -> str | None:
    """The known name that is nearest to a misspelt one."""
    found = difflib.get_close_matches(name, list(known), n=1, cutoff=0.0)
    return found[0] if found else None
