"""Optimistic concurrency: the version of a thing as ETag, required as If-Match on change."""

import re
from typing import Annotated

from fastapi import Depends, Header, Response

from shared.web.problems import Rejection

_ETAG = re.compile(r'"(0|[1-9][0-9]{0,17})"')


async def _if_match(
    if_match: Annotated[
        str | None,
        Header(alias="If-Match", description="the ETag of the version that you saw", examples=['"3"']),
    ] = None,
) -> int:
    if if_match is None:
        raise Rejection(428, "if_match_required", "Say with If-Match which version you change: its ETag.")
    match = _ETAG.fullmatch(if_match.strip())
    if match is None:
        raise Rejection(400, "if_match_malformed", 'If-Match must be one ETag as it was given, such as "3".')
    return int(match[1])


IfMatch = Annotated[int, Depends(_if_match)]


def etag(response: Response, version: int) -> None:
    """Tell the version that this answer shows."""
    response.headers["ETag"] = f'"{version}"'
