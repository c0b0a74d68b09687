"""The whole product on one machine: development key, simulated providers, and what to print when it is up."""

import os
import secrets
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from shared.db.tx import Database
from shared.observability.logs import configure_logs
from shared.runtime.local import postgres, run_apart, run_together
from shared.runtime.service import Service
from shared.runtime.settings import RuntimeSettings
from shared.testing.gateways import Gateways
from shared.web.health import check

_COMPLAINT = (
    '{"channel":"line","received_at":"%s","text":"น้ำไม่ไหลตั้งแต่เช้า ทั้งซอย",'
    '"contact":{"name":"สมหญิง ตัวอย่าง","phone":"0800000001","consent":"privacy-notice-1"},'
    '"place":"หมู่บ้านตัวอย่าง ซอย 3","branch":"1102","subject":"Q01"}'
)


def development_key(data: Path) -> str:
    """The channel adapters' key of this checkout, made once."""
    file = data / "dev_api_key"
    if not file.exists():
        data.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
            opened.write(f"pwa_{secrets.token_urlsafe(32)}")
    return file.read_text()


def overrides(service: Service, gateways: Mapping[str, object], key: str) -> dict[str, Any]:
    """What this machine's services are told beside their defaults: only settings that the service has."""
    told = {**gateways, "development_api_key": key}
    return {name: value for name, value in told.items() if name in service.settings.model_fields}


async def check_all(services: Sequence[Service], *, apart: bool = False) -> int:
    """Prints every reason for which some service cannot do all of its work; 1 if there is one."""
    settings = RuntimeSettings()
    server = postgres(settings, apart=apart)
    found: list[str] = []
    for service in services:
        url = os.environ.get(f"PWA_{service.name.upper()}_DATABASE_URL") or server.url(f"pwa_{service.name}")
        db = Database(url, schema=service.name)
        try:
            async with db.transaction() as tx:
                found += [f"{service.name}: {reason}" for reason in await check(tx, service)]
        finally:
            await db.dispose()
    sys.stdout.write("".join(f"{line}\n" for line in found) or "nothing is missing\n")
    return 1 if found else 0


def banner(services: Sequence[Service], settings: RuntimeSettings, key: str, *, apart: bool) -> str:
    """What to read and what to try."""
    ports = {service.name: settings.port + (number if apart else 0) for number, service in enumerate(services)}
    base = {name: f"http://{settings.host}:{port}" for name, port in ports.items()}
    docs = "\n".join(f"  {base[service.name]}/{service.name}/docs   {service.title}" for service in services)
    pages = "\n".join(f"  {base[each.name]}{path}   {title}" for each in services for path, title in each.pages.items())
    curl = (
        f"curl -sS -X POST {base['intake']}/intake/v1/cases -H 'X-API-Key: {key}' "
        "-H 'Content-Type: application/json' -H \"Idempotency-Key: $(date +%s%N)\" \\\n  -d "
        "'" + _COMPLAINT.replace("%s", "'\"$(date -u +%Y-%m-%dT%H:%M:%SZ)\"'") + "'"
    )
    return (
        f"\nPWA Complaints is up. OpenAPI pages:\n{docs}\n\nPages for people:\n{pages}\n\n"
        f"Post a complaint:\n\n{curl}\n\n"
        "A token:   make -s token ROLE=complaints_division\nA day:     make demo   (in another terminal)\n"
        "Stop:      ctrl-C\n"
    )


async def up(services: Sequence[Service], *, apart: bool) -> int:
    """Run until told to stop."""
    settings = RuntimeSettings()
    level = os.environ.get("PWA_LOG_LEVEL", "WARNING")
    configure_logs(level)
    key = development_key(settings.data)
    gateways = Gateways()
    await gateways.start()
    gateways.sms.report_to(f"http://{settings.host}:{settings.port + (3 if apart else 0)}")

    def ready() -> None:
        sys.stdout.write(banner(services, settings, key, apart=apart))
        sys.stdout.flush()

    try:
        if apart:

            def environment(service: Service) -> dict[str, str]:
                own = overrides(service, gateways.settings(), key)
                told = {f"PWA_{service.name.upper()}_{name.upper()}": str(value) for name, value in own.items()}
                return {"PWA_LOG_LEVEL": level, **told}

            await run_apart(services, settings, environment, ready)
        else:

            def configured(service: Service) -> Any:
                return service.settings(**overrides(service, gateways.settings(), key))

            await run_together(services, settings, configured, ready)
    finally:
        await gateways.stop()
    return 0
