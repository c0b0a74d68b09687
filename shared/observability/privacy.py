"""Keeps personal data out of what is written about the running system."""

import re
from collections.abc import Mapping

# Fields whose value is somebody's: never written, whatever it holds.
PERSONAL_FIELDS = frozenset(
    {
        "phone", "name", "first_name", "last_name", "full_name", "email", "line_id", "text", "body", "place", "meter",
        "address", "contact", "card", "answer", "authorization", "token", "secret", "password", "api_key", "cookie",
        "tracking_code", "citizen_id", "location",
    }
)  # fmt: skip
HIDDEN = "[hidden]"
_THAI_DIGITS = {ord("๐") + n: str(n) for n in range(10)}
_LONG_NUMBER = re.compile(r"(?<![0-9A-Za-z-])(?:\+?66|0)(?:[ ().-]?[0-9]){8,9}(?![0-9A-Za-z])")
_CITIZEN_ID = re.compile(r"(?<![0-9A-Za-z-])[0-9](?:[ -]?[0-9]){12}(?![0-9A-Za-z-])")
_EMAIL = re.compile(r"[^\s@<>\"']+@[^\s@<>\"']+\.[A-Za-z]{2,}")
_MASKS = (_EMAIL, _CITIZEN_ID, _LONG_NUMBER)


def mask_text(text: str) -> str:
    """The text with everything that looks like a phone number, a citizen id or an e-mail address hidden."""
    plain = text if text.isascii() else text.translate(_THAI_DIGITS)
    for mask in _MASKS:
        plain = mask.sub(HIDDEN, plain)
    return plain


def mask(value: object) -> object:
    """The same for any JSON-like value; personal fields are hidden whole."""
    if isinstance(value, str):
        return mask_text(value)
    if isinstance(value, Mapping):
        return {str(k): HIDDEN if str(k).lower() in PERSONAL_FIELDS else mask(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [mask(each) for each in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return mask_text(str(value))


def describe_error(error: BaseException) -> dict[str, object]:
    """Type, place and database code of an error and its causes; never its text, which may repeat somebody's data."""
    chain: list[dict[str, object]] = []
    current: BaseException | None = error
    while current is not None and len(chain) < 5:
        chain.append(_one(current))
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return {"error": chain[0]["type"], "errors": chain}


def _one(error: BaseException) -> dict[str, object]:
    found: dict[str, object] = {
        "type": f"{type(error).__module__}.{type(error).__qualname__}",
        "frames": _frames(error),
    }
    for fact in ("sqlstate", "constraint_name", "table_name", "errno"):
        value = getattr(error, fact, None)
        if isinstance(value, str | int):
            found[fact] = value
    return found


def _frames(error: BaseException, deepest: int = 8) -> list[str]:
    frames: list[str] = []
    step = error.__traceback__
    while step is not None:
        code = step.tb_frame.f_code
        frames.append(f"{'/'.join(code.co_filename.split('/')[-3:])}:{step.tb_lineno} {code.co_name}")
        step = step.tb_next
    return frames[-deepest:]
