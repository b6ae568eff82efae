"""Thresholds: what is enough, and how it follows from the set."""

from __future__ import annotations

import numpy as np
import pytest

from augbuild.similarity.evidence import Evidence
from augbuild.similarity.thresholds import Thresholds, accept_frames, accept_moved, calibrate

NO, YES = np.array([False]), np.array([True])


def evidence(**changed: float) -> Evidence:
    """Make the evidence of one pair: of two different pictures but for what is `changed`."""
    values = {
        "frame": 0.2, "frame_cells": 0.1, "frame_colours": 0.1, "difference": 1.0,
        "moved": 0.3, "moved_cells": 0.1, "moved_colours": 0.1, "overlap": 1.0, "shear": 0.0,
    }  # fmt: skip
    values |= changed
    return Evidence(*(np.array([values[name]], np.float32) for name in Evidence._fields))


class TestCalibrate:
    def values(self, most: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """Make values of which the 95th percentile is `most`."""
        return np.linspace(0, most / 0.95, 1001)

    @pytest.mark.parametrize(
        ("frames", "moved", "expected"),
        [
            (0.2, 0.3, Thresholds(0.90, 0.88)),  # photos
            (0.79, 0.75, Thresholds(0.90, 0.88)),
            (0.9, 0.8, Thresholds(0.95, 0.90)),
            (0.95, 0.84, Thresholds(0.975, 0.92)),
            (0.95, 0.86, Thresholds(0.975, None)),  # X-rays
        ],
    )
    def test_half_as_near_to_one(self, frames: float, moved: float, expected: Thresholds) -> None:
        found = calibrate(self.values(frames), self.values(moved))
        assert found.frame == pytest.approx(expected.frame, abs=1e-6)
        assert found.moved == (expected.moved and pytest.approx(expected.moved, abs=1e-6))

    def test_nothing_to_go_by(self) -> None:
        assert calibrate(np.zeros(0), np.zeros(0)) == Thresholds()


class TestFrames:
    @pytest.mark.parametrize(
        ("changed", "accepted"),
        [
            ({}, True),
            ({"frame": 0.91}, True),
            ({"frame": 0.89}, False),
            ({"frame_cells": 0.39}, False),
            ({"frame_colours": -0.1}, False),
        ],
    )
    def test_edges_cells_and_colours(self, changed: dict[str, float], accepted: bool) -> None:
        pair = evidence(**{"frame": 0.95, "frame_cells": 0.8, "frame_colours": 0.5} | changed)
        assert accept_frames(pair, Thresholds(), YES, NO)[0] == accepted

    def test_thresholds_of_the_set(self) -> None:
        pair = evidence(frame=0.95, frame_cells=0.8)
        assert not accept_frames(pair, Thresholds(frame=0.96), YES, NO)[0]

    @pytest.mark.parametrize(
        ("frame", "difference", "accepted"),
        [(0.99, 0.11, True), (0.99, 0.13, False), (0.97, 0.11, False), (0.2, 0.049, True)],
    )
    def test_plain_pictures_need_equal_pixels(
        self, frame: float, difference: float, accepted: bool
    ) -> None:
        pair = evidence(frame=frame, frame_cells=0.9, difference=difference)
        assert accept_frames(pair, Thresholds(), NO, NO)[0] == accepted

    def test_tiny_pictures_need_them_too(self) -> None:
        assert not accept_frames(evidence(frame=1.0, frame_cells=1.0), Thresholds(), YES, YES)[0]
        assert accept_frames(evidence(difference=0.079), Thresholds(), YES, YES)[0]
        assert not accept_frames(evidence(difference=0.081), Thresholds(), YES, YES)[0]


class TestMoved:
    @pytest.mark.parametrize(
        ("changed", "accepted"),
        [
            ({}, True),
            ({"moved": 0.87}, False),
            ({"moved_cells": 0.39}, False),
            ({"moved_colours": -0.1}, False),
            ({"overlap": 0.59}, False),
            ({"shear": 0.061}, False),
        ],
    )
    def test_all_must_hold(self, changed: dict[str, float], accepted: bool) -> None:
        values = {"moved": 0.9, "moved_cells": 0.5, "overlap": 0.7, "shear": 0.05}
        assert accept_moved(evidence(**values | changed), Thresholds())[0] == accepted

    def test_where_alignment_proves_nothing(self) -> None:
        assert not accept_moved(evidence(moved=1.0, moved_cells=1.0), Thresholds(moved=None))[0]
