"""A row as it was selected, and the condition that keeps readers apart."""

from functools import partial
from typing import Any

from sqlalchemy import Row

from services.intake_service.store.tables import cases
from shared.db.visibility import visible_rows

Found = Row[Any]  # a row as it was selected, for those who do not write SQL


visible = partial(visible_rows, cases.c)
