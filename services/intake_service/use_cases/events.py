"""Turns cases into the facts that other services are told (shared.contracts.intake)."""

from typing import Any

from services.intake_service.domain.case import Case
from services.intake_service.domain.receipt import Person
from shared.contracts.intake import CaseClassified, CaseRegistered, CaseRouted, ContactChanged
from shared.db import Tx
from shared.kernel.case_ref import CaseRef


def stamp(case: Case) -> dict[str, Any]:
    """What every case event carries."""
    return CaseRef(case.id, case.office, case.region, str(case.kind), case.restricted, case.cycle).stamp()


def registered(case: Case, person: Person) -> CaseRegistered:
    return CaseRegistered(
        **stamp(case),
        number=case.number,
        receiving_office=case.receiving_office,
        channel=str(case.channel),
        subject=case.subject,
        dimension=case.dimension,
        severity=str(case.severity),
        received_at=case.received_at,
        registered_at=case.registered_at,
        contact_version=case.contact_version,
        reachable=person.reachable,
        has_phone=person.phone is not None,
        origin=case.origin,
        origin_reference=case.origin_reference,
        origin_due_at=case.origin_due_at,
    )


def classified(tx: Tx, case: Case, before: Case) -> CaseClassified:
    return CaseClassified(
        **stamp(case),
        subject=case.subject or "",
        dimension=case.dimension or "",
        severity=str(case.severity),
        previous_subject=before.subject,
        previous_kind=str(before.kind),
        classified_at=tx.now,
    )


def routed(tx: Tx, case: Case, before: Case) -> CaseRouted:
    return CaseRouted(**stamp(case), previous_office=before.office, routed_at=tx.now)


def contact_changed(tx: Tx, case: Case, person: Person | None) -> ContactChanged:
    """`person` is None when the card was erased."""
    return ContactChanged(
        **stamp(case),
        contact_version=case.contact_version,
        erased=person is None,
        reachable=person.reachable if person else (),
        has_phone=person is not None and person.phone is not None,
        changed_at=tx.now,
    )
