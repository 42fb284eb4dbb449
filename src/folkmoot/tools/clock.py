"""The tool `clock`: what time it is."""

from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from folkmoot.kit import clock
from folkmoot.kit.errors import Invalid
from folkmoot.tools.tool import Tool, ToolContext


class TimeZoneUnknown(Invalid):
    code = "time_zone_unknown"

    def __init__(self, name: str) -> None:
        super().__init__(f"{name!r} is no time zone. Use an IANA name such as Europe/Berlin.")


async def tell(_context: ToolContext, arguments: dict[str, Any]) -> str:
    """Return the current instant in ISO 8601, with the weekday."""
    name = arguments.get("time_zone", "UTC")
    try:
        zone = ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise TimeZoneUnknown(name) from None
    now = clock.now().astimezone(zone)
    return f"{now.isoformat(timespec='seconds')}, {now:%A}, {name}"


CLOCK: Final = Tool(
    name="clock",
    description="Tells the current date, weekday and time, in UTC or in a given time zone.",
    parameters={
        "type": "object",
        "properties": {
            "time_zone": {
                "type": "string",
                "maxLength": 64,
                "description": "IANA name of a time zone, such as Europe/Warsaw. Default: UTC.",
            }
        },
        "additionalProperties": False,
    },
    call=tell,
    idempotent=True,
    writes=False,
    trusted=True,
    timeout=5.0,
)
