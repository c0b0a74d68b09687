"""Tracking codes for complainants: random, so that nobody can guess one from a case number."""

import re
import secrets

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: no I, L, O, U
_LENGTH = 13  # 65 random bits
_CODE = re.compile(f"[{_ALPHABET}]{{{_LENGTH}}}")
_MISREAD = str.maketrans("OIL", "011")


def new_tracking_code() -> str:
    drawn = secrets.randbits(5 * _LENGTH)
    return "".join(_ALPHABET[drawn >> 5 * place & 31] for place in range(_LENGTH))


def shown(code: str) -> str:
    """In groups that can be read out over the telephone: XXXX-XXXX-XXXXX."""
    return f"{code[:4]}-{code[4:8]}-{code[8:]}"


def as_tracking_code(text: str) -> str | None:
    """The code a person wrote (hyphens, blanks, O for 0, I or L for 1), or None when it is not one."""
    written = re.sub(r"[\s-]", "", text).upper().translate(_MISREAD)
    return written if _CODE.fullmatch(written) else None
