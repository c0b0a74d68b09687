"""What follows for messages from what happens to rungs: queued when one fires, withdrawn or corrected afterwards."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from services.escalation_service.domain.messages import MAY_BE_KNOWN, UNSENT, Kind, State
from services.escalation_service.store import answers, messages
from shared.db import Row, Tx
from shared.kernel.ids import uuid7

FOR_REVIEW = "review"


async def queue(tx: Tx, fired: Sequence[Mapping[str, Any]]) -> None:
    """A message for each rung that fires, in one statement; held where the ladder's rung says so."""
    await messages.add(tx, [_call(tx, rung) for rung in fired])


def _call(tx: Tx, rung: Mapping[str, Any]) -> dict[str, object]:
    held = bool(rung.get("review"))
    return {
        **_about(tx, rung), "kind": Kind.CALL, "occasion": rung["rung_id"],
        "recipient": rung["officer_code"], "recipient_name": rung["officer_name"],
        "state": State.HELD if held else State.WAITING, "held_at": tx.now if held else None,
        "held_by": "system" if held else None, "held_reason": FOR_REVIEW if held else None,
    }  # fmt: skip


def _about(tx: Tx, rung: Mapping[str, Any]) -> dict[str, object]:
    copied = {name: rung[name] for name in ("rung_id", "case_id", "cycle", "rung", "breach_id")}
    return {**copied, "message_id": uuid7(tx.now), "created_at": tx.now, "ready_at": tx.now}


async def put_in_charge(tx: Tx, rung: Row[Any], hand_over: UUID, recipient: tuple[str, str]) -> None:
    """Tell an officer (staff code, name) who was put in charge of a rung."""
    row = _about(tx, rung._asdict()) | {"kind": Kind.HAND_OVER, "occasion": hand_over, "state": State.WAITING}
    await messages.add(tx, [row | {"recipient": recipient[0], "recipient_name": recipient[1]}])


async def end_cycle(tx: Tx, case_id: UUID, cycle: int, reason: str) -> None:
    """The cycle was closed: what has not gone is withdrawn, and no answer is awaited."""
    await messages.withdraw_unsent(tx, case_id, cycle, f"case_{reason}")
    await answers.settle(tx, case_id, cycle, tx.now)


async def correct(tx: Tx, case_id: UUID, cycle: int, breach_id: UUID, reason: str) -> None:
    """The breach had not happened: its rungs say so, unsent messages are withdrawn, whoever read one is told, once."""
    corrected = {row.rung_id for row in await answers.correct(tx, breach_id, tx.now, reason)}
    if not corrected:
        return
    wrong = [row for row in await messages.lock_cycle(tx, case_id, cycle) if row.rung_id in corrected]
    unsent = [row.message_id for row in wrong if row.state in UNSENT]
    await messages.change(tx, unsent, {"state": State.WITHDRAWN, "reason": "breach_voided"})
    await messages.change(tx, [row.message_id for row in wrong], {"voided_at": tx.now})
    await tell_correction(tx, [row for row in wrong if row.state in MAY_BE_KNOWN])


async def tell_correction(tx: Tx, wrong: Sequence[Row[Any]]) -> None:
    """Whoever was told, or may have been, gets a correction; once for each rung and breach."""
    await messages.add(
        tx,
        [
            {**_about(tx, row._asdict()), "kind": Kind.CORRECTION, "occasion": row.breach_id, "state": State.WAITING}
            | {"recipient": row.recipient, "recipient_name": row.recipient_name}
            for row in wrong
            if row.kind != Kind.CORRECTION
        ],
    )
