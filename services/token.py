"""Tokens of the development issuer; apart, because whoever needs one waits for nothing else."""

from argparse import Namespace

from shared.kernel.access import rows_of
from shared.reference import DEPUTY_AREAS
from shared.runtime.settings import RuntimeSettings
from shared.web.dev_issuer import DevIssuer


def token(arguments: Namespace) -> str:
    """A token of the development issuer for the command line's role, office and regions."""
    office = arguments.office[0] if arguments.office else None
    _, regions = rows_of(office, DEPUTY_AREAS)
    issuer = DevIssuer(RuntimeSettings().issuer_file)
    return issuer.mint(
        arguments.role, offices=arguments.office, regions=[*arguments.region, *regions], subject=arguments.subject
    )
