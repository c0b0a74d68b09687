"""What reports count, as aggregates over ranges of the rows of cycles (process steps 9 and 10)."""

from collections import Counter
from typing import Any

from services.reporting_service.domain.indicators import AnswerTally, DueTally, Indicators, Period, Reach
from services.reporting_service.domain.report import Counted
from services.reporting_service.domain.statistics import Scores
from services.reporting_service.domain.volume import Volume
from shared.db import Tx

# $1 and $2 are the period; deadlines and open work are judged at $3 where it is still running.
_RECEIVED = """
    WITH received AS MATERIALIZED (
        SELECT kind, region, coalesce(nullif(channel, ''), 'unknown') AS channel,
            coalesce(nullif(dimension, ''), 'unknown') AS dimension,
            coalesce(nullif(subject, ''), 'unknown') AS subject,
            to_char(received_at AT TIME ZONE 'Asia/Bangkok', 'YYYY-MM') AS month, count(*) AS n
        FROM reporting.case_cycle WHERE is_first AND received_at >= $1 AND received_at < $2 GROUP BY 1, 2, 3, 4, 5, 6
    ), complaint AS (SELECT * FROM received WHERE kind = 'complaint')
    SELECT 'kind' AS what, kind AS name, sum(n)::integer AS n FROM received GROUP BY kind
    UNION ALL SELECT 'region', region::text, sum(n)::integer FROM complaint GROUP BY region
    UNION ALL SELECT 'channel', channel, sum(n)::integer FROM complaint GROUP BY channel
    UNION ALL SELECT 'dimension', dimension, sum(n)::integer FROM complaint GROUP BY dimension
    UNION ALL SELECT 'subject', subject, sum(n)::integer FROM complaint GROUP BY subject
    UNION ALL SELECT 'month', month, sum(n)::integer FROM complaint GROUP BY month"""
_RUNG = """
    UNION ALL SELECT 'rung', '{n}', count(*)::integer FROM reporting.case_cycle
    WHERE rungs IS NOT NULL AND rungs[{n}] >= $1 AND rungs[{n}] < $2"""
_WORK = """
    SELECT 'ended' AS what, u.name, u.n::integer FROM (
        SELECT count(*) AS resolved, count(*) FILTER (WHERE NOT repaired) AS not_repaired
        FROM reporting.case_cycle WHERE resolved_at >= $1 AND resolved_at < $2) r,
        LATERAL (VALUES ('resolved', resolved), ('not_repaired', not_repaired)) AS u (name, n)
    UNION ALL SELECT 'ended', 'reopened', count(*)::integer FROM reporting.case_cycle
    WHERE reopened_at >= $1 AND reopened_at < $2
    UNION ALL SELECT 'ended', ended_as, count(*)::integer FROM reporting.case_cycle
    WHERE ended_at >= $1 AND ended_at < $2 GROUP BY ended_as"""
_RUNGS = "".join(_RUNG.format(n=n) for n in (1, 2, 3))
_CAUSES = """
    SELECT cause, count(*)::integer AS n FROM reporting.case_cycle
    WHERE resolved_at >= $1 AND resolved_at < $2 AND cause IS NOT NULL
    GROUP BY cause ORDER BY n DESC, cause COLLATE "C" LIMIT 10"""
_OPEN = """
    SELECT kind, count(*)::integer AS open, (count(*) FILTER (WHERE due_at < $1))::integer AS over
    FROM reporting.case_cycle WHERE open_since < $1 AND (open_until >= $1 OR open_until IS NULL) GROUP BY kind"""
_DUE = """
    WITH due AS (
        SELECT 'headline' AS view, whole_on_time AS on_time, last_not_repaired FROM reporting.case_cycle
        WHERE is_first AND kind = 'complaint' AND whole_judged
            AND whole_due_at >= $1 AND whole_due_at < $2 AND whole_due_at <= $3
        UNION ALL
        SELECT v.view, c.on_time, c.last_not_repaired FROM reporting.case_cycle c,
            LATERAL (VALUES ('first_cycle', c.is_first), ('last_cycle', c.is_last)) AS v (view, counts)
        WHERE c.kind = 'complaint' AND c.judged AND c.due_at >= $1 AND c.due_at < $2 AND c.due_at <= $3 AND v.counts
    ), resolved AS (
        SELECT v.view, v.on_time FROM reporting.case_cycle c, LATERAL (VALUES
            ('headline', c.is_last AND c.whole_judged, c.whole_on_time),
            ('first_cycle', c.is_first AND c.judged, c.on_time),
            ('last_cycle', c.is_last AND c.judged, c.on_time)) AS v (view, counts, on_time)
        WHERE c.kind = 'complaint' AND c.resolved_at >= $1 AND c.resolved_at < $2 AND v.counts)
    SELECT view, sum(due)::integer AS due, sum(on_time)::integer AS on_time, sum(bad)::integer AS on_time_not_repaired,
        sum(resolved)::integer AS resolved, sum(resolved_on_time)::integer AS resolved_on_time
    FROM (
        SELECT view, count(*) AS due, count(*) FILTER (WHERE on_time) AS on_time,
            count(*) FILTER (WHERE on_time AND last_not_repaired) AS bad, 0 AS resolved, 0 AS resolved_on_time
        FROM due GROUP BY view
        UNION ALL
        SELECT view, 0, 0, 0, count(*), count(*) FILTER (WHERE on_time) FROM resolved GROUP BY view) counted
    GROUP BY view"""
_WITHOUT_CLOCK = """
    SELECT count(*)::integer AS n FROM reporting.case_cycle
    WHERE is_first AND kind = 'complaint' AND without_clock AND received_at >= $1 AND received_at < $2"""
_ASKED = ("convenience", "variety", "speed", "repair", "contact_center")
# A case counts once in a view: reached by any of its calls, without a phone in all, with its least favourable answers.
_OF_CASE = "bool_or(call_reached) AS reached, bool_and(call_no_phone) AS no_phone, bool_or(given) AS answered, " + (
    "bool_or(named_prapa) AS prapa, "
    "coalesce(bool_or(called_back), false) OR channel = 'contact_center_1662' AS center, "
    + ", ".join(f"min({name}) AS {name}" for name in _ASKED)
)
_OF_CALL = "call_reached, call_no_phone, given, named_prapa, " + (
    "coalesce(called_back, false) OR channel = 'contact_center_1662', " + ", ".join(_ASKED)
)
_REACH = """count(*) {f} AS {p}asked, count(*) FILTER (WHERE {w}reached) AS {p}reached,
    count(*) FILTER (WHERE {w}answered) AS {p}answered, count(*) FILTER (WHERE {w}no_phone) AS {p}no_phone"""
_SUMS = """count({q}) {f} AS {q}_n, coalesce(sum({q}) {f}, 0) AS {q}_total,
    coalesce(sum({q} * {q}) {f}, 0) AS {q}_squares, count(*) FILTER (WHERE {w}{q} >= 4) AS {q}_satisfied"""


def _only(name: str) -> dict[str, str]:
    return {"f": f"FILTER (WHERE {name})", "w": f"{name} AND "}


_EVERYBODY = {"f": "", "w": ""}
_FIGURES = ", ".join(
    [
        _REACH.format(p="", **_EVERYBODY),
        _REACH.format(p="prapa_", **_only("prapa")),
        _REACH.format(p="center_", **_only("center")),
        *(_SUMS.format(q=name, **_EVERYBODY) for name in ("convenience", "variety", "speed")),
        _SUMS.format(q="repair", **_only("prapa")),
        _SUMS.format(q="contact_center", **_only("center")),
    ]
)
_GIVEN = ", ".join(f"CASE WHEN answered_at < $2 THEN {name} END AS {name}" for name in (*_ASKED, "called_back"))
_ANSWERS = f"""
    WITH tried AS MATERIALIZED (
        SELECT case_id, is_first, is_last, coalesce(nullif(channel, ''), 'unknown') AS channel, call_reached,
            call_no_phone, named_prapa, coalesce(answered_at < $2, false) AS given, {_GIVEN}
        FROM reporting.case_cycle WHERE kind = 'complaint' AND call_began_at >= $1 AND call_began_at < $2
    ), told AS (
        SELECT 'headline' AS view, channel, {_OF_CASE} FROM tried GROUP BY case_id, channel
        UNION ALL SELECT 'first_cycle', channel, {_OF_CALL} FROM tried WHERE is_first
        UNION ALL SELECT 'last_cycle', channel, {_OF_CALL} FROM tried WHERE is_last)
    SELECT view, channel, {_FIGURES} FROM told GROUP BY view, channel"""  # noqa: S608 - names of this module


async def count(tx: Tx, period: Period) -> Counted:
    """Everything that reports tell of one period, with one statement for each sort of figure."""
    return Counted(await _indicators(tx, period), await _volume(tx, period))


async def _volume(tx: Tx, period: Period) -> Volume:
    span, volume = (period.since, period.until), Volume()
    for row in await tx.fetch(_RECEIVED, *span):
        what, name = row["what"], row["name"]
        if what == "kind":
            volume.received[name] = row["n"]
        elif what == "region":
            volume.complaints_by_region[None if name is None else int(name)] = row["n"]
        else:
            volume.complaints_by.setdefault(what, Counter())[name] = row["n"]
    for row in await tx.fetch(_WORK + _RUNGS, *span):
        if row["what"] == "rung":
            volume.rungs[int(row["name"])] = row["n"]
        else:
            volume.ended[row["name"]] = row["n"]
    for row in await tx.fetch(_OPEN, period.end):
        volume.open_at_end[row["kind"]] = row["open"]
        volume.over_at_end[row["kind"]] = row["over"]
    volume.top_causes = [(row["cause"], row["n"]) for row in await tx.fetch(_CAUSES, *span)]
    return volume


async def _indicators(tx: Tx, period: Period) -> Indicators:
    span, told = (period.since, period.until), Indicators()
    for row in await tx.fetch(_DUE, *span, period.end):
        told.due[row["view"]] = DueTally(**{name: row[name] for name in DueTally.__dataclass_fields__})
    for row in await tx.fetch(_ANSWERS, *span):
        told.answers[row["view"]].add(row["channel"], _answers(row))
    [[told.without_clock]] = await tx.fetch(_WITHOUT_CLOCK, *span)
    return told


def _answers(row: Any) -> AnswerTally:
    return AnswerTally(
        {row["channel"]: _scores(row, "convenience")}, _scores(row, "variety"), _scores(row, "speed"),
        _scores(row, "repair"), _scores(row, "contact_center"), _reach(row, ""), _reach(row, "prapa_"),
        _reach(row, "center_"),
    )  # fmt: skip


def _scores(row: Any, question: str) -> Scores:
    return Scores(*(int(row[f"{question}_{name}"]) for name in ("n", "total", "squares", "satisfied")))


def _reach(row: Any, among: str) -> Reach:
    return Reach(*(row[f"{among}{name}"] for name in ("asked", "reached", "answered", "no_phone")))
