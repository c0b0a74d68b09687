"""A case in the midst of a batch: what the events have made of it, and what is still to be done because of them."""

from dataclasses import dataclass, replace

from services.survey_service.domain.card import Card
from services.survey_service.domain.case import CaseFile, CaseState, Extension, Place, Resolution


@dataclass(frozen=True)
class KnownCase:
    """`unsettled`: notices and calls may have to be opened or ended. `forgotten`: a tombstone has emptied the card."""

    file: CaseFile
    card: Card | None
    resolutions: tuple[Resolution, ...] = ()
    extensions: tuple[Extension, ...] = ()
    unsettled: bool = False
    forgotten: bool = False
    traceparent: str | None = None

    def placed(self, place: Place, seq: int) -> "KnownCase":
        return replace(self, file=self.file.placed(place, seq))

    def registered(self, number: str, channel: str, contact_version: int) -> "KnownCase":
        return replace(self, file=self.file.registered(number, channel).needs_card(contact_version))

    def reached(self, cycle: int, state: CaseState) -> "KnownCase":
        return replace(self, file=self.file.reached(cycle, state))

    def needs_card(self, version: int) -> "KnownCase":
        return replace(self, file=self.file.needs_card(version))

    def resolved(self, done: Resolution) -> "KnownCase":
        reached = self.reached(done.cycle, CaseState.RESOLVED).needs_card(done.contact_version)
        return replace(reached, resolutions=(*self.resolutions, done))

    def extended(self, granted: Extension) -> "KnownCase":
        return replace(self, extensions=(*self.extensions, granted))

    def kept(self, card: Card, traceparent: str | None) -> "KnownCase":
        """With a newer card, or its tombstone; who waited for it is contacted now, or never."""
        if self.card is not None and card.version <= self.card.version:
            return self
        return replace(self, card=card, forgotten=self.forgotten or card.erased).to_settle(traceparent)

    def to_settle(self, traceparent: str | None) -> "KnownCase":
        return replace(self, unsettled=True, traceparent=traceparent)
