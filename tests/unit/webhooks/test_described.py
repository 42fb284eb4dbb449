"""The description of the API tells receivers what they are sent."""

from folkmoot.webhooks import types
from route_walk import whole_application


def test_each_kind_of_message_is_described_with_an_example_that_fits() -> None:
    described = whole_application().openapi()["webhooks"]
    assert set(described) == set(types.KNOWN)
    for name, item in described.items():
        (media,) = item["post"]["requestBody"]["content"].values()
        assert media["example"]["type"] == name
        types.KNOWN[name].data.model_validate(media["example"]["data"])
        assert [each["name"] for each in item["post"]["parameters"]] == [
            "webhook-id",
            "webhook-timestamp",
            "webhook-signature",
        ]
        assert set(item["post"]["responses"]) == {"204", "410", "default"}
