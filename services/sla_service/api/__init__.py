"""The clocks over REST: deadlines and why, breaches, policies, calendars and a calculator."""

from services.sla_service.api import calculator, calendar_runs, calendars, cases, extensions, holds, policies

ROUTERS = (
    cases.router, holds.router, extensions.router, calendars.router, calendar_runs.router, policies.router,
    calculator.router,
)  # fmt: skip
