"""The ranges of numbers in documents, as annotations that their reader checks."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

# No statistic or count of ours is larger, and a float holds such whole numbers exactly; figures are
# drawn from files of strangers, too, and 1e300 would overflow there.
Number = Annotated[float, Meta(ge=-1e15, le=1e15)]
Share = Annotated[float, Meta(ge=0, le=1)]
Count = Annotated[int, Meta(ge=0, le=10**15)]
Positive = Annotated[int, Meta(ge=1)]
Variance = Annotated[float, Meta(ge=0, le=1e15)]
NotEmpty = Meta(min_length=1)
