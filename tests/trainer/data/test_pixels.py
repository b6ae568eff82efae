"""Pixels: torchvision's resize and scale, decoded once, alike for every orientation and depth."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
import torchvision
from PIL import Image

from augbuild.errors import TableError
from tests.trainer.fixtures import config, dataset
from trainer.data.decode import load_pixels
from trainer.data.pixels import (
    ManifestDataset,
    default_cache,
    normalise,
    open_store,
)
from trainer.data.tables import read_table
from trainer.training.fit import fit_run


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return dataset(tmp_path_factory.mktemp("images"))


def test_resize_and_normalisation_are_torchvisions(tmp_path: Path) -> None:
    """The lab's: transforms.Resize((224, 224)) on a PIL image, ToTensor, Normalize."""
    from torchvision import transforms

    noise = np.random.default_rng(0).integers(0, 256, (333, 500, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "x.png")
    lab = transforms.Compose(
        [
            transforms.Resize((224, 224)),
            transforms.ToTensor(),
            transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
        ]
    )
    with Image.open(tmp_path / "x.png") as image:
        wanted = lab(image)
    pixels = torch.from_numpy(load_pixels(tmp_path / "x.png", 224).copy())
    ours = normalise(pixels[None])
    assert torch.allclose(ours[0], wanted, atol=1e-5)
    assert ours.is_contiguous(memory_format=torch.channels_last)


def test_dataset_is_as_torchvisions_image_folder(images: Path) -> None:
    theirs = torchvision.datasets.ImageFolder(str(images / "train"))
    table = read_table(images)
    store = open_store(table.of("train"), 32, None, file=table.file)
    ours = ManifestDataset(table.of("train"), table.classes, store)
    assert ours.classes == theirs.classes
    assert ours.class_to_idx == theirs.class_to_idx
    assert ours.targets == theirs.targets
    assert ours.samples == theirs.samples
    assert len(ours) == len(theirs)
    pixels, target = ours[0]
    assert (pixels.shape, target) == ((32, 32, 3), 0)
    assert pixels.dtype == np.uint8
    batch, targets = ours.batch([0, 19], torch.device("cpu"))
    assert batch.shape == (2, 3, 32, 32)
    assert targets.tolist() == [0, 1]


class TestStore:
    def test_is_filled_once_and_gives_the_same_pixels(self, images: Path, tmp_path: Path) -> None:
        table = read_table(images)
        store = open_store(table.samples, 32, tmp_path, file=table.file)
        assert store.notes == ()
        files = list(tmp_path.iterdir())
        assert [path.stat().st_size for path in files] == [28 * 32 * 32 * 3]
        before = files[0].stat().st_mtime_ns
        again = open_store(table.samples, 32, tmp_path, file=table.file)
        assert files[0].stat().st_mtime_ns == before
        fly = open_store(table.samples, 32, None, file=table.file)
        paths = [sample.path for sample in table.samples]
        assert np.array_equal(store.take(paths), fly.take(paths))
        assert np.array_equal(again.take(paths[::-1]), fly.take(paths[::-1]))

    def test_decodes_a_repeated_image_once(self, images: Path, tmp_path: Path) -> None:
        table = read_table(images)
        store = open_store(table.samples * 3, 16, tmp_path, file=table.file)
        assert store.array is not None
        assert store.array.shape == (28, 16, 16, 3)
        paths = [sample.path for sample in table.samples]
        fly = open_store(table.samples, 16, None, file=table.file)
        assert np.array_equal(store.take(paths), fly.take(paths))

    def test_is_decoded_anew_for_another_size_and_a_changed_image(self, tmp_path: Path) -> None:
        root, cache = dataset(tmp_path / "images", 1, 1), tmp_path / "cache"
        table = read_table(root)
        for size in (16, 32):
            open_store(table.samples, size, cache, file=table.file)
        assert len(list(cache.iterdir())) == 2
        first = table.samples[0].path
        Image.new("RGB", (36, 36), "white").save(first)
        store = open_store(table.samples, 16, cache, file=table.file)
        assert len(list(cache.iterdir())) == 3
        assert (store.take([first]) == 255).all()
        status = first.stat()
        os.utime(first, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
        open_store(table.samples, 16, cache, file=table.file)
        assert len(list(cache.iterdir())) == 4

    def test_that_was_cut_short_is_filled_again(self, images: Path, tmp_path: Path) -> None:
        table = read_table(images)
        open_store(table.samples, 16, tmp_path, file=table.file)
        file = next(tmp_path.iterdir())
        whole = file.read_bytes()
        file.write_bytes(whole[:-1])
        open_store(table.samples, 16, tmp_path, file=table.file)
        assert file.read_bytes() == whole

    def test_gives_way_where_the_disk_is_short(
        self, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Usage(NamedTuple):
            total: int
            used: int
            free: int

        needed = 28 * 32 * 32 * 3
        free = needed + (1 << 30)
        table = read_table(images)
        monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(free, 0, free - 1))
        store = open_store(table.samples, 32, tmp_path, file=table.file)
        assert store.array is None
        assert store.notes == (
            f"{tmp_path} has no room for 0.0 GB of pixels; "
            "images are decoded whenever they are needed",
        )
        monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(free, 0, free))
        assert open_store(table.samples, 32, tmp_path, file=table.file).array is not None

    def test_names_an_image_that_cannot_be_read(self, tmp_path: Path) -> None:
        root = dataset(tmp_path / "images", 3, 1)
        (root / "train" / "red" / "red_1.png").write_bytes(b"no image")
        message = r"row \d+: train/red/red_1.png is not a usable image: not a JPEG"
        with pytest.raises(TableError, match=message):
            fit_run(config(root), tmp_path / "run", cache=tmp_path / "cache")
        assert not list((tmp_path / "cache").iterdir())

    @pytest.mark.parametrize("cache", [True, False])
    @pytest.mark.parametrize("broken", [2, 10, 12])
    def test_names_all_images_that_cannot_be_read(
        self, tmp_path: Path, cache: bool, broken: int
    ) -> None:
        root = dataset(tmp_path / "images", 6, 6)
        table = read_table(root)
        bad = table.samples[3 : 3 + broken]
        for sample in bad:
            sample.path.write_bytes(b"no image")
        folder = tmp_path / "cache" if cache else None
        with pytest.raises(TableError) as caught:
            open_store(table.samples * 2, 16, folder, file=root)
        first, *lines = str(caught.value).splitlines()
        assert first == f"{root}: {broken} images cannot be used:"
        named = [f"  row {each.row}: {each.name} is not a usable image: " for each in bad[:10]]
        for line, start in zip(lines, named, strict=False):
            assert line.startswith(start)
        assert lines[10:] == (["  and 2 more"] if broken == 12 else [])

    def test_is_not_checked_again(self, tmp_path: Path) -> None:
        root = dataset(tmp_path / "images", 1, 1)
        table = read_table(root)
        table.samples[0].path.write_bytes(b"no image")
        store = open_store(table.samples, 16, None, file=root, checked=True)
        assert store.array is None

    def test_is_filled_by_several_processes(self, tmp_path: Path) -> None:
        root = dataset(tmp_path / "images", 100, 1)
        table = read_table(root)
        store = open_store(table.samples, 16, tmp_path / "cache", file=table.file)
        paths = [sample.path for sample in table.samples]
        assert len(paths) == 202
        fly = open_store(table.samples, 16, None, file=table.file)
        assert np.array_equal(store.take(paths), fly.take(paths))


def test_cache_is_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache() == tmp_path / "augbuild" / "pixels"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_cache() == tmp_path / ".cache" / "augbuild" / "pixels"


def test_photos_of_any_orientation_and_depth_are_read_alike(tmp_path: Path) -> None:
    """The same picture, turned by EXIF or 16 bits deep, gives the same pixels to either arm."""
    ramp = np.arange(48 * 36, dtype=np.uint32).reshape(36, 48).astype(np.uint8)
    upright = Image.fromarray(ramp).convert("RGB")
    upright.save(tmp_path / "upright.png")
    wanted = load_pixels(tmp_path / "upright.png", 24)
    inverse = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    for orientation, turn in inverse.items():
        exif = Image.Exif()
        exif[0x0112] = orientation
        turned = upright.transpose(Image.Transpose(turn))
        turned.save(tmp_path / "turned.png", exif=exif)
        assert np.array_equal(load_pixels(tmp_path / "turned.png", 24), wanted)
    deep = np.asarray(upright)[..., 0].astype(np.uint16) * 257
    Image.fromarray(deep).save(tmp_path / "deep.png")
    assert np.array_equal(load_pixels(tmp_path / "deep.png", 24), wanted)
