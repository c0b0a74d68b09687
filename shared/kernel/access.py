"""Who may do what, and which rows they may see: rights by role, rows by office (api.md, "Auth")."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from shared.kernel.errors import Forbidden

_CLERK = frozenset({"cases:create", "cases:read", "cases:handle", "contacts:read", "contacts:write", "clocks:read"})
_OFFICER = frozenset(
    {"cases:read", "clocks:read", "follow_ups:read", "rungs:acknowledge", "packs:read", "reports:read"}
)

ROLES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "channel_adapter": frozenset({"cases:create", "deadlines:calculate"}),
        "intake_officer": _CLERK | {"notices:read"},
        "branch_staff": _CLERK | {"cases:work", "notices:read", "follow_ups:read"},
        "branch_manager": _CLERK
        | _OFFICER
        | {"cases:work", "notices:read", "holds:write", "extensions:request"},
        "region_staff": frozenset({"cases:read", "clocks:read", "follow_ups:read", "packs:read", "reports:read"}),
        "region_director": _OFFICER | {"extensions:decide"},
        "deputy_governor": _OFFICER,
        "complaints_division": _CLERK
        | _OFFICER
        | {
            "cases:decide", "contacts:erase", "follow_ups:write", "notices:read", "notices:write", "calls:read",
            "calls:work", "samples:draw", "reports:write", "packs:run", "officers:write", "ois:read",
            "messages:review", "holds:write", "holds:backdate", "extensions:request", "extensions:decide",
        },
        "survey_caller": frozenset({"calls:read", "calls:work"}),
        "committee": frozenset({"reports:read", "directives:write"}),
        "line": frozenset({"reports:read", "directives:answer"}),
        "ois": frozenset({"ois:read", "ois:acknowledge"}),
        "policy_editor": frozenset({"clocks:read", "policies:write", "officers:write"}),
        "operator": frozenset({"operations", "packs:run", "clocks:read"}),
        "restricted_reader": frozenset(),
    }
)  # fmt: skip
RIGHTS = frozenset().union(*ROLES.values())
# Roles that look at the whole country; all others see the offices and regions their token names.
_NATIONAL = frozenset(
    {"intake_officer", "complaints_division", "survey_caller", "committee", "line", "ois", "policy_editor", "operator"}
)


@dataclass(frozen=True)
class Scope:
    """Which rows a reader may see; every read in a store takes one."""

    everything: bool = False
    regions: frozenset[int] = frozenset()
    offices: frozenset[str] = frozenset()
    restricted: bool = False

    def sees(self, *, office: str | None, region: int | None, restricted: bool = False) -> bool:
        """Whether one row is visible (the SQL of the stores says the same)."""
        if restricted and not self.restricted:
            return False
        return self.everything or office in self.offices or region in self.regions


EVERYTHING = Scope(everything=True, restricted=True)


@dataclass(frozen=True)
class Actor:
    """Who acts: the subject of a token or key, its rights and its rows."""

    id: str
    roles: frozenset[str]
    rights: frozenset[str]
    scope: Scope = field(default_factory=Scope)
    channel: str | None = None  # the only channel for which an API key may speak; None for a token

    def may(self, right: str) -> bool:
        return right in self.rights

    def require(self, right: str) -> None:
        if right not in self.rights:
            raise Forbidden("This needs a right that you do not have.", right=right)


SYSTEM = Actor("system", frozenset({"system"}), RIGHTS, EVERYTHING)


def rows_of(office: str | None, areas: Mapping[int, tuple[int, ...]]) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Offices and regions that whoever works at an office sees: R03 its region, D2 its area, a branch itself."""
    if office is None:
        return (), ()
    digits = office[1:]
    if office.startswith("R") and digits.isdigit():
        return (office,), (int(digits),)
    if office.startswith("D") and digits.isdigit():
        return (office,), areas.get(int(digits), ())
    return (office,), ()


def actor_of(
    subject: str,
    roles: Iterable[str],
    *,
    offices: Iterable[str] = (),
    regions: Iterable[int] = (),
    rights: Iterable[str] | None = None,
) -> Actor:
    """The actor of a token: rights are those of its roles, narrowed to `rights` where the token lists scopes."""
    known = frozenset(roles) & ROLES.keys()
    granted = frozenset().union(*(ROLES[role] for role in known)) if known else frozenset[str]()
    scope = Scope(
        everything=bool(known & _NATIONAL),
        regions=frozenset(regions),
        offices=frozenset(offices),
        restricted="restricted_reader" in known,
    )
    return Actor(subject, known, granted & frozenset(rights) if rights is not None else granted, scope)
