"""The clocks over REST: deadlines and why, breaches, policies, calendars and a calculator."""

from services.sla_service.api import calculator, calendar_runs, calendars, cases, policies

ROUTERS = (cases.router, calendars.router, calendar_runs.router, policies.router, calculator.router)
