"""What keeps reporting from doing its work fully, in words (`services check`, /readyz)."""

from services.reporting_service.store import cases, facts, packs
from shared.db import Tx


async def problems(tx: Tx) -> list[str]:
    found = []
    aside = await facts.count_set_aside(tx)
    if aside:
        found.append(f"{aside} facts could not be folded into their cases; see the log, then retry")
    if await cases.is_any_underived(tx):
        found.append("records written by the release before are being made ready for reports, which wait meanwhile")
    unserved = await packs.regions_without_recipient(tx)
    if unserved:
        found.append(f"no recipient for the daily pack of region {', '.join(map(str, unserved))}")
    stuck = await packs.count_failed(tx)
    if stuck:
        found.append(f"{stuck} deliveries of daily packs need a person's decision")
    return found
