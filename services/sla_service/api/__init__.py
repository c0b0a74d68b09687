"""The clocks over REST: deadlines and why, breaches, policies, calendars and a calculator."""

from services.sla_service.api import calculator, calendars, cases, policies

ROUTERS = (cases.router, calendars.router, policies.router, calculator.router)
