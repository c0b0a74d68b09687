"""Texts of events that have known values: documented where the event is, and open to values that come later."""

from typing import Annotated

from pydantic import WithJsonSchema

from shared.kernel.words import CallOutcome, CallPurpose, Channel, Kind, Metric, NoticePurpose, Severity


def one_of(*known: str) -> WithJsonSchema:
    """How a text with these known values is described. A reader accepts any text (`x-extensible-enum`)."""
    return WithJsonSchema({"type": "string", "x-extensible-enum": [str(value) for value in known]})


KindText = Annotated[str, one_of(*Kind)]
SeverityText = Annotated[str, one_of(*Severity)]
ChannelText = Annotated[str, one_of(*Channel)]
MetricText = Annotated[str, one_of(*Metric)]
NoticePurposeText = Annotated[str, one_of(*NoticePurpose)]
CallPurposeText = Annotated[str, one_of(*CallPurpose)]
CallOutcomeText = Annotated[str, one_of(*CallOutcome)]
ReachText = Annotated[str, one_of("sms", "line", "email")]
NoticeChannelText = Annotated[str, one_of("sms", "line", "email", "phone")]
PostText = Annotated[str, one_of("branch_manager", "region_director", "deputy_governor", "head_office")]
