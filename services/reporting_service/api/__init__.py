"""Reporting over REST: OIS, daily packs, reports and evaluations, directives, runs, case records."""

from services.reporting_service.api import cases, directives, ois, packs, reports, runs

ROUTERS = (ois.router, packs.router, reports.router, directives.router, runs.router, cases.router)
