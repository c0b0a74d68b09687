"""Every event type by its wire name."""

from collections.abc import Mapping

from shared.contracts import escalation, intake, ois, reporting, sla, survey
from shared.contracts.base import REGISTRY, Event

_LOADED = (escalation, intake, ois, reporting, sla, survey)  # a type is registered when its publisher's module loads


def registry() -> Mapping[str, type[Event]]:
    """The class of every event type that this release knows."""
    return REGISTRY
