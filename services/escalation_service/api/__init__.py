"""Escalation over REST: the follow-up list, the rungs of a case, offices and their posts."""

from services.escalation_service.api import answers, explain, follow_ups, ladders, lists, messages, officers, offices

ROUTERS = (
    lists.router, follow_ups.router, answers.router, messages.router, explain.router, offices.router, officers.router,
    ladders.router,
)  # fmt: skip
