"""Escalation over REST: the follow-up list, the rungs of a case, offices and their posts."""

from services.escalation_service.api import follow_ups, ladders, lists, officers, offices

ROUTERS = (lists.router, follow_ups.router, offices.router, officers.router, ladders.router)
