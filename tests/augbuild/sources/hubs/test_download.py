"""Why a download failed, in one line."""

from __future__ import annotations

import pytest

from augbuild.sources.hubs.download import failed


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ValueError("it is gone.\nSee https://example.org"), "it is gone"),
        (ConnectionError(), "ConnectionError"),
        (ValueError("x" * 300), "x" * 199 + "…"),
    ],
)
def test_the_first_line_of_a_reason_is_told(error: Exception, reason: str) -> None:
    assert str(failed("hf:a/b", error, "try again")) == (
        f"hf:a/b cannot be downloaded: {reason}; try again"
    )
