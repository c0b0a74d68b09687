"""Escalation over REST: the follow-up list, rungs, messages, offices, officers and ladders; and the desk's page."""

from services.escalation_service.api import (
    answers,
    desk,
    explain,
    follow_ups,
    ladders,
    lists,
    messages,
    officers,
    offices,
    organisation,
)

ROUTERS = (
    lists.router, follow_ups.router, answers.router, messages.router, explain.router, offices.router,
    organisation.router, officers.router, ladders.router, desk.router,
)  # fmt: skip
