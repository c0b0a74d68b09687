"""This service alone: `python -m services.sla_service run`."""

import sys

from services.sla_service.service import SERVICE
from shared.runtime.cli import main

if __name__ == "__main__":
    sys.exit(main(SERVICE))
