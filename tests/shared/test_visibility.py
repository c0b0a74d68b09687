"""Readers are kept apart alike in SQL and in Python."""

import random

from sqlalchemy import Boolean, Integer, Text, column, select, values

from services.escalation_service.store.follow_ups import visible as of_escalation
from services.intake_service.store.rows import visible as of_intake
from services.reporting_service.store.cases import visible as of_reporting
from services.sla_service.store.reads import visible as of_sla
from services.survey_service.store.cases import visible as of_survey
from shared.db import Database
from shared.db.visibility import visible_rows
from shared.kernel.access import Scope
from shared.testing.postgres import TestDatabase

OFFICES = ("1102", "1103", "1148", "HQ", "R01")
ROWS = [
    (nr, office, region, restricted)
    for nr, (office, region, restricted) in enumerate(
        (office, region, restricted)
        for office in (*OFFICES, None)
        for region in (1, 2, None)
        for restricted in (False, True)
    )
]


def scopes(chance: random.Random) -> list[Scope]:
    return [
        Scope(
            everything=chance.random() < 0.2,
            regions=frozenset(chance.sample((1, 2, 3), chance.randrange(3))),
            offices=frozenset(chance.sample(OFFICES, chance.randrange(4))),
            restricted=chance.random() < 0.5,
        )
        for _ in range(150)
    ]


async def test_the_rows_that_sql_shows_are_those_that_the_scope_sees(database: TestDatabase) -> None:
    table = values(
        column("nr", Integer),
        column("office", Text),
        column("region", Integer),
        column("restricted", Boolean),
        name="r",
    ).data(ROWS)
    db = Database(database.url("intake"), schema="intake")
    for scope in [Scope(), *scopes(random.Random(5))]:
        async with db.transaction() as tx:
            found = await tx.all(select(table.c.nr).where(visible_rows(table.c, scope)))
        seen = {
            nr
            for nr, office, region, restricted in ROWS
            if scope.sees(office=office, region=region, restricted=restricted)
        }
        assert {row.nr for row in found} == seen, scope
    await db.dispose()


def test_every_store_keeps_readers_apart_by_the_same_rule() -> None:
    scope = Scope(offices=frozenset({"1102"}), regions=frozenset({1, 2}))
    for visible in (of_intake, of_sla, of_escalation, of_survey, of_reporting):
        words = str(visible(scope)).replace("intake.cases", "t").replace("reporting.case_record", "t")
        for own in ("sla.case_file", "escalation.case_file", "survey.case_file", "escalation.follow_up"):
            words = words.replace(own, "t")
        assert words == ("(t.office = :office_1 OR t.region IN (__[POSTCOMPILE_region_1])) AND t.restricted IS false")
