"""Points the services' settings at the test's gateways."""

from collections.abc import Sequence
from typing import Any

from services.local import overrides
from shared.runtime.service import Service
from shared.testing.gateways import Gateways

API_KEY = "pwa_test_0000000000000000000000000000000000000000"


def settings_for(services: Sequence[Service], gateways: Gateways) -> dict[str, Any]:
    """Each service's settings, as `make up` would make them for these gateways."""
    told = gateways.settings()
    return {service.name: service.settings(**overrides(service, told, API_KEY)) for service in services}
