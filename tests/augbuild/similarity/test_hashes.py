"""Signatures: small, made of the right cells, and the same however a picture is turned."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from augbuild.similarity.hashes import (
    TURNS,
    Turn,
    parse_signatures,
    read_thumbnail,
    signature,
    turned_signatures,
    undo_turn,
)
from tests.conftest import photo

from .pictures import prints_of, turned


class TestFingerprint:
    def test_it_is_small_and_can_be_sent_to_a_worker(self, tmp_path: Path) -> None:
        found = signature(photo(tmp_path / "a.png", 1))
        assert found is not None
        assert len(found) == 72
        assert pickle.loads(pickle.dumps(signature)) is signature

    @pytest.mark.parametrize("content", [b"", b"no picture", b"\xff\xd8\xff\xe0"])
    def test_what_cannot_be_read_has_none(self, tmp_path: Path, content: bytes) -> None:
        file = tmp_path / "a.jpg"
        file.write_bytes(content)
        assert signature(file) is None
        assert signature(tmp_path / "missing.jpg") is None

    @pytest.mark.parametrize("size", [(1, 1), (1, 50), (5000, 2)])
    def test_any_shape(self, tmp_path: Path, size: tuple[int, int]) -> None:
        assert signature(photo(tmp_path / "a.png", 1, size)) is not None

    def test_its_bits(self, tmp_path: Path) -> None:
        ramp = np.tile(np.linspace(0, 255, 288), (256, 1))
        for name, pixels in (("up", ramp), ("down", ramp[:, ::-1])):
            Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / f"{name}.png")
        prints = prints_of(tmp_path)
        assert prints["up.png"][:8] == b"\xff" * 8
        assert prints["down.png"][:8] == bytes(8)

    @pytest.mark.parametrize(("step", "bit"), [(2, 0), (3, 1)])
    def test_a_cell_must_be_brighter_by_more_than_the_margin(
        self, tmp_path: Path, step: int, bit: int
    ) -> None:
        """In nine columns, each some levels brighter than the one before."""
        column = np.arange(288) // 32
        levels = 100 + step * np.tile(column, (256, 1))
        Image.fromarray(levels.astype(np.uint8)).save(tmp_path / "a.png")
        found = signature(tmp_path / "a.png")
        assert found is not None
        assert found[:8] == bytes([255 * bit] * 8)

    def test_its_sketch_has_the_means_of_blocks(self, tmp_path: Path) -> None:
        rows, columns = np.indices((256, 288))
        levels = 20 * (rows // 32) + columns // 36
        Image.fromarray(levels.astype(np.uint8)).save(tmp_path / "a.png")
        found = signature(tmp_path / "a.png")
        assert found is not None
        _, sketches = parse_signatures(found)
        expected = [20 * row + column for row in range(8) for column in range(8)]
        assert sketches.tolist() == [expected]

    def test_joined_ones_are_taken_apart(self) -> None:
        first, second = bytes(range(72)), bytes(range(72, 144))
        hashes, sketches = parse_signatures(first + second)
        assert hashes.dtype == np.uint64
        assert hashes.tolist() == [int.from_bytes(first[:8]), int.from_bytes(second[:8])]
        assert [row.tobytes() for row in sketches] == [first[8:], second[8:]]
        hashes, sketches = parse_signatures(b"")
        assert (hashes.shape, sketches.shape) == ((0,), (0, 64))


class TestThumbnail:
    def test_it_has_the_means_of_blocks(self, tmp_path: Path) -> None:
        rows, columns = np.indices((256, 288))
        levels = 7 * (rows // 8) + columns // 9
        Image.fromarray(levels.astype(np.uint8)).save(tmp_path / "a.png")
        thumbnail = read_thumbnail(tmp_path / "a.png")
        expected = 7 * np.arange(32)[:, None] + np.arange(32)
        assert thumbnail.dtype == np.float32
        assert np.array_equal(thumbnail, expected.astype(np.float32))

    def test_of_what_cannot_be_read_it_is_like_nothing(self, tmp_path: Path) -> None:
        thumbnail = read_thumbnail(tmp_path / "missing.png")
        assert thumbnail.shape == (32, 32)
        assert np.isnan(thumbnail).all()


class TestTurns:
    @pytest.mark.parametrize("turn", TURNS)
    def test_undone_they_leave_the_picture(self, turn: Turn) -> None:
        pixels = np.arange(12, dtype=np.uint8).reshape(3, 4)
        assert (
            undo_turn(TURNS.index(turn), np.asarray(turned(Image.fromarray(pixels), turn)))
            == pixels
        ).all()

    @pytest.mark.parametrize("turn", TURNS)
    def test_fingerprints_are_those_of_the_turned_picture(self, tmp_path: Path, turn: Turn) -> None:
        """Hash and sketch alike, though neither the picture nor the grid is square."""
        original = photo(tmp_path / "a.png", 1, (500, 200))
        turned(Image.open(original), turn).save(tmp_path / "turned.png")
        upright, found = signature(original), turned_signatures(tmp_path / "turned.png")
        assert upright is not None
        assert found is not None
        hashes, sketches = parse_signatures(found)
        own_hash, own_sketch = parse_signatures(upright)
        number = TURNS.index(turn)
        assert (hashes[number] ^ own_hash[0]).bit_count() <= 1  # a cell on the margin
        assert np.abs(sketches[number].astype(int) - own_sketch[0]).max() <= 1
        assert all(
            (hashes[other] ^ own_hash[0]).bit_count() > 4 for other in range(8) if other != number
        )

    def test_the_first_is_the_plain_fingerprint(self, tmp_path: Path) -> None:
        original = photo(tmp_path / "a.png", 1, (301, 203))
        found = turned_signatures(original)
        assert found is not None
        assert found[:72] == signature(original)
        assert turned_signatures(tmp_path / "missing.png") is None
        assert pickle.loads(pickle.dumps(turned_signatures)) is turned_signatures
