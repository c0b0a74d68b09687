"""The clocks over REST: deadlines and why, breaches, policies, calendars and a calculator."""

from services.sla_service.api import cases, versions

ROUTERS = (cases.router, versions.router)
