"""Where traces are sent."""

import pytest

from folkmoot.settings.collectors import collectors
from folkmoot.settings.loading import load


def test_nothing_configured_means_nothing_traced() -> None:
    assert collectors(load({}).deployment) == []
    assert collectors(load({"LANGFUSE_PUBLIC_KEY": "pk-1"}).deployment) == []


@pytest.mark.parametrize("url", ["http://collector:4318", "http://collector:4318/"])
def test_an_otlp_endpoint_is_a_base_url_and_headers_are_decoded(url: str) -> None:
    (collector,) = collectors(
        load(
            {
                "OTEL_EXPORTER_OTLP_ENDPOINT": url,
                "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Basic%20abc=, x-team = blue,nonsense",
            }
        ).deployment
    )
    assert collector.endpoint == "http://collector:4318/v1/traces"
    assert collector.headers == {"authorization": "Basic abc=", "x-team": "blue"}
    assert "abc" not in repr(collector)


def test_langfuse_is_reached_by_its_two_keys_beside_another_collector() -> None:
    first, second = collectors(
        load(
            {
                "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318",
                "LANGFUSE_PUBLIC_KEY": "pk-1",
                "LANGFUSE_SECRET_KEY": "sk-2",
                "LANGFUSE_HOST": "https://traces.example/",
            }
        ).deployment
    )
    assert first.headers == {}
    assert second.endpoint == "https://traces.example/api/public/otel/v1/traces"
    assert second.headers == {"Authorization": "Basic cGstMTpzay0y"}
