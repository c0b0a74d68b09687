"""This service alone: `python -m services.survey_service run`."""

import sys

from services.survey_service.service import SERVICE
from shared.runtime.cli import main

if __name__ == "__main__":
    sys.exit(main(SERVICE))
