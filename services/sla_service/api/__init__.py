"""The clocks over REST: deadlines and why, breaches, holds, extensions, policies, calendars, what-if, a calculator."""

from services.sla_service.api import calculator, calendar_runs, calendars, cases, extensions, holds, policies, what_if

ROUTERS = (
    cases.router, holds.router, extensions.router, calendars.router, calendar_runs.router, policies.router,
    what_if.router, calculator.router,
)  # fmt: skip
