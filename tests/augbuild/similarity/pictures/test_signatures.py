"""Signatures: what is kept of a picture, from files and from other originals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from augbuild.similarity.pictures import signatures as module
from augbuild.similarity.pictures.signatures import (
    SIGNATURE,
    parse_signatures,
    sign_files,
    sign_originals,
    signature,
)
from augbuild.sources.originals import FolderOriginals
from tests.augbuild.similarity.drawing import encoded, scene, signatures_of, signed


def test_fields() -> None:
    one = signatures_of(scene(1, (300, 200)))[0]
    assert one["size"].tolist() == [300, 200]
    assert one["content"].tolist() == [0, 0, 1, 1]
    grey = np.asarray(scene(1, (300, 200)).convert("L").resize((64, 64), Image.Resampling.BOX))
    assert np.abs(one["grey"].astype(float) - grey).mean() < 2
    assert len(signed(scene(1))) == SIGNATURE.itemsize < 7000


def test_colours_are_those_of_jpeg() -> None:
    red = signatures_of(Image.new("RGB", (50, 50), (200, 0, 0)))[0]
    blue, red_difference = red["chroma"].reshape(2, -1)
    assert blue.mean() == pytest.approx(-34, abs=2)
    assert red_difference.mean() == pytest.approx(100, abs=2)


def test_a_view_of_a_flat_picture_is_small() -> None:
    flat, full = signatures_of(Image.new("RGB", (50, 50), "grey"), scene(1))
    assert np.abs(flat["waves"]).max() == 0
    assert np.linalg.norm(full["waves"][0].astype(float)) == pytest.approx(127, abs=3)


def test_upright_by_its_exif_orientation(tmp_path: Path) -> None:
    picture = scene(2, (300, 200))
    exif = Image.Exif()
    exif[0x0112] = 6
    lying = picture.transpose(Image.Transpose.ROTATE_90)
    lying.save(tmp_path / "lying.jpg", exif=exif, quality=95)
    one = parse_signatures([signature(tmp_path / "lying.jpg") or b""])[0]
    assert one["size"].tolist() == [300, 200]
    upright = signatures_of(picture)[0]
    assert np.abs(one["grey"].astype(float) - upright["grey"]).mean() < 2


def test_what_cannot_be_read_has_none(tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    (tmp_path / "half.jpg").write_bytes(encoded(scene(1))[:3000])
    (tmp_path / "good.jpg").write_bytes(encoded(scene(1)))
    files = [tmp_path / name for name in ("missing.jpg", "broken.jpg", "half.jpg", "good.jpg")]
    assert [signature(file) is None for file in files] == [True, True, True, False]
    assert sign_files(files, n_jobs=1) == {files[3]: signature(files[3])}
    originals = FolderOriginals(tmp_path)
    names = [file.name for file in files]
    assert sign_originals(originals, names, n_jobs=1) == {"good.jpg": signature(files[3])}


def test_any_number_of_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_POOL_PAYS_FROM", 2)
    for number in range(6):
        (tmp_path / f"{number}.jpg").write_bytes(encoded(scene(number, (60, 40))))
    files = sorted(tmp_path.iterdir())
    assert sign_files(files, n_jobs=2) == sign_files(files, n_jobs=1)


def test_none_at_all() -> None:
    assert len(parse_signatures([])) == 0
    assert sign_files([], n_jobs=1) == {}
