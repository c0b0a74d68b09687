"""Every metric of the product: each name is declared here and nowhere else."""

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, Counter, Gauge, Histogram, generate_latest

_FAST = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

HTTP_REQUESTS = Counter("pwa_http_requests_total", "Answers given.", ["service", "method", "route", "status"])
HTTP_SECONDS = Histogram(
    "pwa_http_request_seconds", "Time to the answer.", ["service", "method", "route"], buckets=_FAST
)
HTTP_IN_FLIGHT = Gauge("pwa_http_requests_in_flight", "Requests being worked on.", ["service"])
HTTP_SHED = Counter("pwa_http_shed_total", "Requests turned away because too many were in flight.", ["service", "kind"])
RATE_LIMITED = Counter("pwa_http_rate_limited_total", "Requests refused by a rate limit.", ["limit"])
IDEMPOTENT_REPLAYS = Counter("pwa_idempotent_replays_total", "Stored answers given again.", ["service"])
SIGN_IN_REFUSED = Counter("pwa_sign_in_refused_total", "Tokens and keys that were not accepted.", ["reason"])

OUTBOX_PENDING = Gauge("pwa_outbox_pending", "Events written and not yet sent.", ["service"])
OUTBOX_OLDEST_SECONDS = Gauge("pwa_outbox_oldest_seconds", "Age of the oldest event not yet sent.", ["service"])
RELAYED = Counter("pwa_relayed_total", "Events acknowledged by the broker.", ["service"])
CONSUMED = Counter("pwa_consumed_total", "Events applied.", ["service", "topic"])
PARKED_TOTAL = Counter("pwa_parked_total", "Events set aside.", ["service", "reason"])
PARKED_OPEN = Gauge("pwa_parked_open", "Events set aside and not settled.", ["service", "reason"])
CONSUMER_LAG = Gauge("pwa_consumer_lag", "Messages not yet applied.", ["service"])

LOOP_STEPS = Counter("pwa_loop_steps_total", "Rounds of a background loop.", ["service", "loop", "outcome"])
LOOP_LAST_STEP = Gauge("pwa_loop_last_step_timestamp_seconds", "When a loop last moved.", ["service", "loop"])
DEGRADED = Gauge("pwa_degraded", "1 while the service is degraded.", ["service"])

SLA_CLOCK_BLIND = Gauge("pwa_sla_clock_blind", "Deadlines held back because news of the cases is missing.")
TIMER_LATENESS = Histogram(
    "pwa_timer_lateness_seconds", "From the due instant to the firing.", ["timer"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 3600.0),
)  # fmt: skip
TIMERS_LATE = Gauge("pwa_timers_late", "Timers over a minute late although no news is missing.", ["timer"])
BREACHES = Counter("pwa_breaches_total", "Deadlines missed.", ["metric"])
RUNGS_FIRED = Counter("pwa_rungs_fired_total", "Officers called upon.", ["rung"])
OFFICER_MESSAGES = Counter("pwa_officer_messages_total", "Attempts to tell officers.", ["means", "outcome"])
OFFICER_MESSAGES_LYING = Gauge(
    "pwa_officer_messages_lying", "Messages to officers that wait for a person: held, unknown, not told.", ["state"]
)
CASES_REGISTERED = Counter("pwa_cases_registered_total", "Cases received.", ["channel"])
NOTICES = Counter("pwa_notices_total", "Messages to customers.", ["channel", "outcome"])
CALLS = Counter("pwa_calls_total", "Call attempts.", ["purpose", "outcome"])
PACKS = Counter("pwa_packs_total", "Daily packs.", ["outcome"])
OIS_RECORDS = Counter("pwa_ois_records_total", "Records published for OIS.")


def exposition() -> tuple[bytes, str]:
    """All metrics as text for the scraper, with its content type."""
    return generate_latest(REGISTRY), CONTENT_TYPE_LATEST
