"""The list of all services, in the order of their ports."""

from services.escalation_service.service import SERVICE as ESCALATION
from services.intake_service.service import SERVICE as INTAKE
from services.reporting_service.service import SERVICE as REPORTING
from services.sla_service.service import SERVICE as SLA
from services.survey_service.service import SERVICE as SURVEY
from shared.runtime.service import Service

SERVICES: tuple[Service, ...] = (INTAKE, SLA, ESCALATION, SURVEY, REPORTING)
