"""This service alone: `python -m services.escalation_service run`."""

import sys

from services.escalation_service.service import SERVICE
from shared.runtime.cli import main

if __name__ == "__main__":
    sys.exit(main(SERVICE))
