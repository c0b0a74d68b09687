"""Who is told of which state, by which template; an explicit NONE where nobody is (failures.md 6)."""

from collections.abc import Iterable, Mapping

STATES = (
    "received", "awaiting_information", "classified", "routed", "in_progress",
    "extended", "resolved", "not_repaired", "reopened", "answered", "cancelled",
)  # fmt: skip
AUDIENCES = ("customer", "branch", "complaints_division")
FORMS = ("sms", "line", "email", "phone")
NONE = "none"

# Customer, branch, กสส. A customer hears from this service when the work is done (process step 4), and when it was
# given more time; the branch and กสส. work in their lists.
_TABLE: Mapping[str, tuple[str, str, str]] = {
    "received": (NONE, NONE, NONE),
    "awaiting_information": (NONE, NONE, NONE),
    "classified": (NONE, NONE, NONE),
    "routed": (NONE, NONE, NONE),
    "in_progress": (NONE, NONE, NONE),
    "extended": ("extended", NONE, NONE),
    "resolved": ("resolved", NONE, NONE),
    "not_repaired": ("not_repaired", NONE, NONE),
    "reopened": (NONE, NONE, NONE),
    "answered": (NONE, NONE, NONE),
    "cancelled": (NONE, NONE, NONE),
}
NOTICES: Mapping[tuple[str, str], str] = {
    (state, audience): name for state, names in _TABLE.items() for audience, name in zip(AUDIENCES, names, strict=True)
}


def uncovered(notices: Mapping[tuple[str, str], str], templates: Iterable[str]) -> list[str]:
    """Pairs without an entry, and templates that do not exist in every form."""
    existing = set(templates)
    missing = [f"{state} × {who}" for state in STATES for who in AUDIENCES if (state, who) not in notices]
    wanted = {name for name in notices.values() if name != NONE}
    return missing + sorted(f"{name}.{form}" for name in wanted for form in FORMS if f"{name}.{form}" not in existing)
