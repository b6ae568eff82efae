"""Numbers in sentences: as many digits as they are worth."""

from __future__ import annotations

import pytest

from trainer.statistics.verdict.digits import format_p, format_percent, format_points, format_signed


@pytest.mark.parametrize(
    ("share", "signed", "points"),
    [
        (0.0, "0", "0"),
        (0.0000049, "0", "0"),
        (-0.0000049, "0", "0"),
        (0.000005, "+0.0005", "0.0005"),
        (0.00046, "+0.046", "0.046"),
        (0.02, "+2", "2"),
        (0.0994, "+9.9", "9.9"),
        (-0.0994, "−9.9", "−9.9"),
        (0.0996, "+10", "10"),
        (0.125, "+12", "12"),
        (-0.1, "−10", "−10"),
        (1.0, "+100", "100"),
    ],
)
def test_points_have_two_digits_and_zero_no_sign(share: float, signed: str, points: str) -> None:
    assert (format_signed(share), format_points(share)) == (signed, points)


def test_percents_are_whole() -> None:
    assert [format_percent(share) for share in (0.0, 0.614, 1.0)] == ["0 %", "61 %", "100 %"]


@pytest.mark.parametrize(
    ("p", "text"),
    [
        (None, ""),
        (0.0, "p < 0.001"),
        (0.00099, "p < 0.001"),
        (0.001, "p = 0.001"),
        (0.0999, "p = 0.100"),
        (0.1, "p = 0.10"),
        (1.0, "p = 1.00"),
    ],
)
def test_p_is_written_with_two_or_three_digits(p: float | None, text: str) -> None:
    assert format_p(p) == text
