"""What tables of a rule pack share: keys that are known, and numbers that can be."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Level = Annotated[int, Field(ge=0, le=255)]


class Keys(BaseModel):
    """Refuses keys it does not know, and numbers that are none (nan, inf)."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, strict=True)
