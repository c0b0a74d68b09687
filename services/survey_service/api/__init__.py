"""Survey over REST: notices and their receipts, phone tasks, calls and answers, samples, editable rules."""

from services.survey_service.api import calls, cases, notices, phone_tasks, receipts, rules, samples

ROUTERS = (
    notices.router,
    phone_tasks.router,
    receipts.router,
    calls.router,
    samples.router,
    cases.router,
    rules.router,
)
