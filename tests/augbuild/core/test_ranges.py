"""The ranges of numbers in documents: their ends are in them, what lies beyond is named."""

from __future__ import annotations

import json
from typing import Annotated, Any

import pytest

from augbuild.core.documents import decode
from augbuild.core.ranges import Count, NotEmpty, Number, Positive, Share, Variance
from augbuild.errors import AugbuildError

Names = Annotated[tuple[str, ...], NotEmpty]


@pytest.mark.parametrize(
    ("kind", "inside"),
    [
        (Number, [-1e15, 0, 0.5, 1e15]),
        (Share, [0, 0.5, 1]),
        (Count, [0, 10**15]),
        (Positive, [1, 10**18]),
        (Variance, [0, 1e15]),
        (Names, [["a"]]),
    ],
)
def test_ends_of_a_range_are_in_it(kind: Any, inside: list[object]) -> None:
    for value in inside:
        read = decode(json.dumps(value), kind, "file", AugbuildError)
        assert json.loads(json.dumps(read)) == value


@pytest.mark.parametrize(
    ("kind", "outside"),
    [
        (Number, [-1.01e15, 1.01e15, 1e300, "1"]),
        (Share, [-0.001, 1.001]),
        (Count, [-1, 10**15 + 1, 0.5]),
        (Positive, [0, -1]),
        (Variance, [-1e-9, 1.01e15]),
        (Names, [[]]),
    ],
)
def test_what_lies_beyond_is_refused(kind: Any, outside: list[object]) -> None:
    for value in outside:
        with pytest.raises(AugbuildError, match=r"^file must be"):
            decode(json.dumps(value), kind, "file", AugbuildError)
