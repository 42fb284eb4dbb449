"""The base of what requests, answers and stored documents look like."""

import warnings

from pydantic import BaseModel, ConfigDict
from pydantic.warnings import UnsupportedFieldAttributeWarning

# FastAPI gives the names of parameters where Pydantic has no use for them. It silences that while
# it puts a route together; the validators here are made later.
warnings.filterwarnings("ignore", category=UnsupportedFieldAttributeWarning)


class Schema(BaseModel):
    """A model whose validator is made when it is first needed.

    There are hundreds, and each of their routes has its own: made at once, they take a second of
    the start of every process and 4 MB for good.
    """

    model_config = ConfigDict(defer_build=True)
