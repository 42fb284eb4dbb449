"""What Python loads by itself: so whatever the tests start is recorded, as they are themselves."""

import os

if "RECORDED_LINES" in os.environ:
    import recorder  # noqa: F401 - it begins when it is loaded
