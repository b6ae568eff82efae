"""What thumbnails are compared by: scales, cells, structure, corners."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from augbuild.similarity.pictures.thumbnails import (
    CELLS,
    SIDE,
    band_pass,
    correlate,
    correlate_cells,
    correlate_most,
    count_corners,
    halve,
    is_structured,
    soften,
    split_cells,
)
from tests.augbuild.similarity.drawing import scene

Grey = NDArray[np.floating]


def grey(seed: int) -> Grey:
    small = scene(seed, (256, 256)).convert("L").resize((SIDE, SIDE), Image.Resampling.BOX)
    return np.asarray(small).astype(np.float32)


def drawn(*boxes: tuple[int, int, int, int], ground: int = 250) -> Grey:
    """Draw dark rectangles on a plain ground."""
    picture = Image.new("L", (SIDE, SIDE), ground)
    for box in boxes:
        ImageDraw.Draw(picture).rectangle(box, fill=60)
    return np.asarray(picture).astype(np.float32)


EVERYWHERE = np.ones((1, SIDE, SIDE), np.float32)


class TestScales:
    def test_light_and_what_is_coarse_go(self) -> None:
        assert np.abs(band_pass(np.full((1, SIDE, SIDE), 200, np.float32))).max() < 1e-3
        slope = np.tile(np.linspace(0, 255, SIDE, dtype=np.float32), (SIDE, 1))
        assert np.abs(band_pass(slope)[:, 10:-10]).max() < 0.5

    @pytest.mark.parametrize("period", [3, 6, 8, 16])
    def test_the_middle_scales_stay(self, period: int) -> None:
        """As the transforms of the two Gaussians say."""
        fine, coarse = (np.exp(-2 * (np.pi * sigma / period) ** 2) for sigma in (0.7, 2.5))
        wave = np.sin(np.arange(SIDE) * 2 * np.pi / period + 0.5).astype(np.float32)
        found = band_pass(np.tile(wave, (SIDE, 1)))[:, 16:-16].std() / wave.std()
        assert found == pytest.approx(fine - coarse, abs=0.04)

    def test_rows_and_columns_alike(self) -> None:
        assert np.allclose(band_pass(grey(1).T), band_pass(grey(1)).T, atol=1e-3)
        assert np.allclose(
            band_pass(np.stack([grey(1), grey(2)]))[1], band_pass(grey(2)), atol=1e-3
        )

    def test_soft_keeps_the_mean(self) -> None:
        assert soften(grey(1)).mean() == pytest.approx(grey(1).mean(), abs=0.01)
        assert soften(grey(1)).std() < grey(1).std()

    def test_halved(self) -> None:
        assert halve(np.arange(16, dtype=np.float32).reshape(4, 4)).tolist() == [
            [2.5, 4.5],
            [10.5, 12.5],
        ]


class TestCorrelate:
    def test_as_numpy(self) -> None:
        first, second = grey(1).reshape(1, -1), grey(2).reshape(1, -1)
        expected = np.corrcoef(first[0], second[0])[0, 1]
        assert correlate(first, second)[0] == pytest.approx(expected, abs=1e-4)

    def test_only_where_there_is_weight(self) -> None:
        first = np.array([[1.0, 2, 3, 90]])
        second = np.array([[2.0, 4, 6, -5]])
        assert correlate(first, second, np.array([[1.0, 1, 1, 0]]))[0] == pytest.approx(1)
        assert correlate(first, second)[0] < 0

    def test_what_is_flat_is_like_nothing(self) -> None:
        assert correlate(np.full((1, 9), 7.0), np.arange(9.0)[None]).tolist() == [0]


class TestCells:
    def test_each_is_a_square_of_the_thumbnail(self) -> None:
        cells = split_cells(grey(1)[None])
        assert cells.shape == (1, CELLS**2, 64)
        assert np.array_equal(cells[0, CELLS + 2].reshape(8, 8), grey(1)[8:16, 16:24])

    def test_most_cells_forgive_a_caption(self) -> None:
        edges = band_pass(grey(1)[None])
        covered = grey(1)[None].copy()
        covered[:, -7:] = np.tile([0, 255, 255, 0], (7, 16))
        overlaid = band_pass(covered)
        flat = edges.reshape(1, -1), overlaid.reshape(1, -1)
        assert correlate(*flat)[0] < 0.9 < 0.97 < correlate_most(edges, overlaid)[0]

    def test_most_cells_do_not_make_two_pictures_one(self) -> None:
        assert correlate_most(band_pass(grey(1)[None]), band_pass(grey(2)[None]))[0] < 0.6

    def test_with_little_to_see_nothing_is_left_out(self) -> None:
        """Two faces that differ by the mouth would else be the same."""
        smiling = band_pass(drawn((20, 20, 24, 24), (40, 20, 44, 24), (22, 46, 42, 49))[None])
        silent = band_pass(drawn((20, 20, 24, 24), (40, 20, 44, 24))[None])
        assert correlate_most(smiling, silent)[0] == 0

    def test_quartile_of_cells(self) -> None:
        edges = band_pass(grey(1)[None])
        other = edges.copy()
        assert correlate_cells(edges, other, EVERYWHERE)[0] == pytest.approx(1, abs=1e-3)
        other[:, :, :28] = band_pass(grey(2)[None])[:, :, :28]
        assert correlate_cells(edges, other, EVERYWHERE)[0] < 0.5
        seen = EVERYWHERE.copy()
        seen[:, :, :32] = 0
        assert correlate_cells(edges, other, seen)[0] == pytest.approx(1, abs=1e-3)

    def test_too_few_cells_prove_nothing(self) -> None:
        flat = np.zeros((1, SIDE, SIDE), np.float32)
        assert correlate_cells(flat, flat, EVERYWHERE).tolist() == [1]


class TestStructure:
    def test_a_scene_has_it_and_a_thing_on_a_plain_ground_has_not(self) -> None:
        disc = drawn((20, 20, 44, 44))
        assert is_structured(np.stack([grey(1), disc])).tolist() == [True, False]

    def test_faint_grain_all_over_is_enough(self) -> None:
        noise = np.random.default_rng(1).normal(128, 1.1, (SIDE, SIDE)).astype(np.float32)
        faint = np.full((SIDE, SIDE), 128, np.float32)
        faint[:8, :8] = noise[:8, :8]
        assert is_structured(np.stack([noise, faint])).tolist() == [True, False]

    def test_corners_hold_and_lines_do_not(self) -> None:
        lines = np.tile(np.arange(SIDE) // 4 % 2 * 100.0, (SIDE, 1)).astype(np.float32)
        boxes = drawn(*[(x, y, x + 7, y + 7) for x in (4, 20, 36, 52) for y in (4, 20, 36, 52)])
        corners = count_corners(np.stack([lines, boxes, grey(1)]))
        assert corners[0] == 0
        assert corners[1] >= 16
        assert corners[2] >= 8
