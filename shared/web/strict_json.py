"""JSON as strictly as RFC 8259 and I-JSON allow: one meaning per document, nothing that a database cannot hold."""

import json
import re
from collections.abc import Iterator

from shared.web.problems import Rejection

MAX_DEPTH = 20
_FORBIDDEN = re.compile("[\x00\ud800-\udfff]")
_INT64 = range(-(2**63), 2**63)


class _Duplicate(ValueError):
    """A name stands twice in one object."""


def _unparsable(code: str, detail: str) -> Rejection:
    return Rejection(400, code, detail)


def _unacceptable(code: str, detail: str) -> Rejection:
    return Rejection(422, code, detail)


def _pairs(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _unparsable("duplicate_key", "A name stands twice in one object.")
    return found


def _integer(digits: str) -> int:
    value = int(digits) if len(digits) <= 20 else None
    if value is None or value not in _INT64:
        raise _unacceptable("number_out_of_range", "A number is larger than 64 bits hold.")
    return value


def _real(digits: str) -> float:
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        raise _unacceptable("number_out_of_range", "A number is larger than 64 bits hold.")
    return value


def _constant(_name: str) -> object:
    raise _unparsable("not_json", "NaN and Infinity are not JSON.")


_decoder = json.JSONDecoder(object_pairs_hook=_pairs, parse_int=_integer, parse_float=_real, parse_constant=_constant)


def parse(body: bytes) -> object:
    """The value of a JSON document. Raises Rejection: 400 when it is not one, 422 when it holds what we do not take."""
    if body.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        raise _unparsable("byte_order_mark", "The body must be UTF-8 without a byte order mark.")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise _unparsable("not_utf8", "The body must be UTF-8.") from None
    try:
        value: object = _decoder.decode(text)
    except json.JSONDecodeError:
        raise _unparsable("not_json", "The body is not a complete JSON document.") from None
    except RecursionError:
        raise _too_deep() from None
    _check_depth(text, value)
    _check_strings(text, value)
    return value


def _too_deep() -> Rejection:
    return _unacceptable("too_deep", f"The body is nested more than {MAX_DEPTH} levels deep.")


def _check_depth(text: str, value: object) -> None:
    if text.count("{") + text.count("[") <= MAX_DEPTH:
        return
    level: list[object] = [value]
    for _ in range(MAX_DEPTH):
        level = [child for parent in level for child in _children(parent)]
        if not level:
            return
    if any(isinstance(each, dict | list) for each in level):
        raise _too_deep()


def _children(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def _check_strings(text: str, value: object) -> None:
    # Raw NUL is no JSON and raw surrogates are no UTF-8: both can only come in as escapes.
    if "\\u" in text and any(_FORBIDDEN.search(each) for each in _strings(value)):
        raise _unacceptable("forbidden_character", "A text holds NUL or half of a surrogate pair.")


def _strings(value: object) -> Iterator[str]:
    waiting = [value]
    while waiting:
        current = waiting.pop()
        if isinstance(current, str):
            yield current
        elif isinstance(current, dict):
            yield from current
            waiting.extend(current.values())
        elif isinstance(current, list):
            waiting.extend(current)
