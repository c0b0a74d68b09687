"""The fold: a set of facts about one case, in any order of arrival and with repeats, becomes one record."""

from collections.abc import Iterable
from functools import reduce
from uuid import UUID

from services.reporting_service.domain.folded import Folded, unheard
from services.reporting_service.store.facts import Fact
from services.reporting_service.use_cases.steps import STEPS


def fold(case_id: UUID, facts: Iterable[Fact]) -> Folded:
    """The case after these facts. Only the set counts: order of arrival and repeats do not."""
    different = {fact.event_id: fact for fact in facts}.values()
    return reduce(add, sorted(different, key=lambda f: (f.topic, f.seq, str(f.event_id))), unheard(case_id))


def add(folded: Folded, fact: Fact) -> Folded:
    """The case after one fact more, which must not be late. Topics may come in any order: they change nothing alike."""
    event = fact.event
    step = STEPS.get(type(event))
    changed = step(folded, event) if step else folded
    if folded.speaks(fact.topic):
        word = {"office": event.office, "region": event.region, "kind": event.kind, "restricted": event.restricted}
        changed = changed.about(**word)
    return changed.noted(fact.topic, fact.seq, fact.recorded_at)
