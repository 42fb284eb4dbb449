"""Reading parts of a body, with a fault told by its place."""

import re
from typing import Final, TypeVar

import msgspec
from msgspec import Raw

from folkmoot.faces.agui.errors import InputInvalid

NOTHING: Final = Raw(b"null")

PLACE: Final = re.compile(r" - at `\$([^`]*)`$")
STEP: Final = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]")

T = TypeVar("T")


def decoded(decoder: msgspec.json.Decoder[T], data: bytes | Raw, base: str) -> T:
    """Return what stands in a part of the body; `base` is its pointer (RFC 6901).

    Raises:
        InputInvalid: It is not what it should be; says where.
    """
    try:
        return decoder.decode(data)
    except msgspec.ValidationError as error:
        detail = str(error)
        place = PLACE.search(detail)
        steps = STEP.findall(place[1]) if place else []
        pointer = "".join(f"/{name or index}" for name, index in steps)
        raise InputInvalid(base + pointer, PLACE.sub("", detail)) from None
    except msgspec.DecodeError as error:
        raise InputInvalid(base, str(error)) from None
