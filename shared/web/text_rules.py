"""What is done to texts at the door, and what is refused in them (reliability.md, "Bad input")."""

import re
import unicodedata

from shared.web.validation import refuse

_THAI_DIGITS = {ord("๐") + n: str(n) for n in range(10)}
# C0 and C1 controls but line feed and tab; marks that change the direction of writing; invisible joints; noncharacters.
_STRIPPED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb"
    "\ufffe\uffff\ud800-\udfff\U000e0000-\U000e007f]"
)
_SPLIT_SARA_AM = re.compile("\u0e4d([\u0e48-\u0e4b]?)\u0e32")  # nikhahit, perhaps a tone mark, sara aa
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0\u200c\u200d\ufe0e\ufe0f\u034f")
_GAP = r"[ ().\u00a0\u2010-\u2015/-]{0,2}"
_PHONE = re.compile(rf"(?<![0-9])(?:\+?{_GAP}66|0){_GAP}[1-9](?:{_GAP}[0-9]){{7,8}}(?![0-9])")
_CITIZEN_ID = re.compile(r"(?<![0-9-])[0-9](?:[ -]?[0-9]){12}(?![0-9-])")
_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]{2,}")
_MASKED = re.compile(r"[xX×*•#●]{2,}|[0-9][xX×*•#●]")
_SEPARATORS = re.compile(r"[ ().\u00a0\u2010-\u2015-]")
_NATIONAL = re.compile(r"0(?:[689][0-9]{8}|[2-57][0-9]{7})")
_EMAIL = re.compile(r"[a-z0-9.!#$%&'+/=?^_`{|}~-]+@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")


def clean_text(value: str) -> str:
    """NFC, ํา joined to ำ, line ends unified, controls and bidi marks stripped; refuses what is then blank."""
    cleaned = value.replace("\r\n", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    cleaned = _STRIPPED.sub("", cleaned)
    cleaned = unicodedata.normalize("NFC", _SPLIT_SARA_AM.sub("\\1\u0e33", cleaned)).strip()
    if all(char.isspace() or char in _BLANK for char in cleaned):
        raise refuse("blank_text", "This holds nothing that can be read.")
    return cleaned


def clean_line(value: str) -> str:
    """The same on one line, single spaces."""
    return " ".join(clean_text(value).split())


def clean_public(value: str) -> str:
    """Text that may leave the tables of personal data; refuses what identifies somebody."""
    cleaned = clean_text(value)
    plain = cleaned.translate(_THAI_DIGITS)
    if any(rule.search(plain) for rule in (_PHONE, _CITIZEN_ID, _ADDRESS)):
        raise refuse(
            "personal_data_in_text",
            "This text is passed on: leave out phone numbers, citizen ids and e-mail addresses.",
        )
    return cleaned


def thai_phone(value: str) -> str:
    """A Thai number in E.164: Thai digits, separators, +66 and 0066 are understood; masked values are refused."""
    _refuse_masked(value)
    digits = _SEPARATORS.sub("", unicodedata.normalize("NFKC", value).translate(_THAI_DIGITS).strip())
    for prefix in ("+66", "0066", "66"):
        if digits.startswith(prefix) and len(digits) >= len(prefix) + 8:
            digits = "0" + digits.removeprefix(prefix).removeprefix("0")
            break
    if not digits.isascii() or not _NATIONAL.fullmatch(digits):
        raise refuse("bad_phone", "This is not a Thai telephone number.")
    return f"+66{digits[1:]}"


def email(value: str) -> str:
    """An e-mail address in lower case; masked values are refused."""
    if "***" in value or "xxx@" in value.lower():
        raise refuse("masked_value", "This is a masked value: leave it out, or give the whole one.")
    address = value.strip().lower()
    local = address.partition("@")[0]
    if not _EMAIL.fullmatch(address) or len(local) > 64 or ".." in local or local[0] == "." or local[-1] == ".":
        raise refuse("bad_email", "This is not an e-mail address.")
    return address


def _refuse_masked(value: str) -> None:
    if _MASKED.search(value):
        raise refuse("masked_value", "This is a masked value: leave it out, or give the whole one.")


def mask_phone(phone: str) -> str:
    """How a phone is shown in lists: 08x-xxx-1234."""
    national = "0" + phone.removeprefix("+66") if phone.startswith("+66") else phone
    return f"{national[:2]}x-xxx-{national[-4:]}"


def like_literal(value: str) -> str:
    r"""The value for use inside a LIKE pattern: %, _ and \ stand for themselves."""
    return value.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
