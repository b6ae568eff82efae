"""Findings as lines: a count of what is shown and what is not, and the way on."""

from __future__ import annotations

import msgspec
import pytest

from augbuild.core.documents import encode
from augbuild.sources.findings import Finding


@pytest.mark.parametrize(
    ("examples", "count", "advice", "text"),
    [
        ((), 1, "", "2 files left out"),
        (("a.gif",), 1, "", "2 files left out (a.gif)"),
        (("a", "b"), 3, "", "2 files left out (a, b and 1 other)"),
        (("a", "b", "c", "d"), 1204, "", "2 files left out (a, b, c and 1,201 others)"),
        (("a",), 1, "convert them", "2 files left out (a); convert them"),
    ],
)
def test_text_of_a_finding(examples: tuple[str, ...], count: int, advice: str, text: str) -> None:
    finding = Finding(
        kind="files left out",
        message="2 files left out",
        examples=examples,
        count=count,
        advice=advice,
    )
    assert finding.text() == text


def test_a_finding_is_written_without_what_it_does_not_have() -> None:
    finding = Finding(kind="one class", message="all images are cats")
    assert encode(finding) == b'{"kind": "one class", "message": "all images are cats"}\n'
    assert msgspec.json.decode(encode(finding), type=Finding) == finding
