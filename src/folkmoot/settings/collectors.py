"""Where a deployment's traces go: any collector that speaks OTLP, and Langfuse."""

import base64
from urllib.parse import unquote

from folkmoot.kit.telemetry.tracing import Collector
from folkmoot.settings.deployment import Deployment
from folkmoot.settings.services import Langfuse


def collectors(deployment: Deployment) -> list[Collector]:
    """Return the collectors that are configured; none means that nothing is traced."""
    found: list[Collector] = []
    if deployment.otlp_endpoint:
        headers = deployment.otlp_headers.get_secret_value() if deployment.otlp_headers else ""
        found.append(
            Collector(f"{deployment.otlp_endpoint.rstrip('/')}/v1/traces", _parsed(headers))
        )
    langfuse = deployment.langfuse
    if langfuse.public_key and langfuse.secret_key:
        found.append(
            _langfuse(langfuse, langfuse.public_key, langfuse.secret_key.get_secret_value())
        )
    return found


def _parsed(headers: str) -> dict[str, str]:
    """Read `name=value,name=value` with percent-encoding, as OpenTelemetry writes it."""
    pairs = (pair.partition("=") for pair in headers.split(",") if "=" in pair)
    return {name.strip(): unquote(value.strip()) for name, _, value in pairs}


def _langfuse(langfuse: Langfuse, public: str, secret: str) -> Collector:
    token = base64.b64encode(f"{public}:{secret}".encode()).decode()
    endpoint = f"{langfuse.host.rstrip('/')}/api/public/otel/v1/traces"
    return Collector(endpoint, {"Authorization": f"Basic {token}"})
