"""When every test begins."""

from datetime import datetime

from shared.kernel.clock import BANGKOK

START = datetime(2026, 2, 3, 9, 0, tzinfo=BANGKOK)  # a Tuesday
