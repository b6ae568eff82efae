"""Hostile bytes: whatever is in a recipe, an image or a manifest, there is never a traceback.

A seeded part runs always; the whole, with `-m slow`, in a quarter of an hour.
"""

from __future__ import annotations

import io
import json
import random
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from augbuild.building.build import build
from augbuild.checking.verify import verify
from augbuild.errors import ImageError, RecipeError, TableError
from augbuild.pixels.codec import read_image, read_small
from augbuild.recipe.load import parse_recipe
from tests.conftest import RECIPE, REPOSITORY, photos, write_recipe
from trainer.data.tables import read_table

REASONS = {"empty", "not_an_image", "too_large", "truncated", "unsupported_mode"}
FORMATS = {
    "JPEG": {},
    "PNG": {},
    "WEBP": {},
    "TIFF": {},
    "BMP": {},
    "PPM": {},
    "JPEG progressive": {"progressive": True},
}


def mutated(data: bytes, stream: random.Random) -> bytes:
    """Flip, overwrite, cut out, repeat or insert a few bytes."""
    result = bytearray(data)
    for _ in range(stream.randrange(1, 6)):
        at, length = stream.randrange(len(result) + 1), stream.randrange(1, 17)
        match stream.randrange(5):
            case 0 if at < len(result):
                result[at] ^= 1 << stream.randrange(8)
            case 1:
                result[at : at + length] = bytes(stream.randrange(256) for _ in range(length))
            case 2:
                del result[at : at + length]
            case 3:
                result[at:at] = result[max(at - length, 0) : at]
            case _:
                result[at:at] = bytes(stream.choice((0, 255, 127, 128)) for _ in range(length))
    return bytes(result)


def seeds_of_images() -> list[bytes]:
    pixels = np.random.default_rng(1).integers(0, 256, (24, 31, 3), np.uint8)
    encoded = []
    for format, settings in FORMATS.items():
        for image in (Image.fromarray(pixels), Image.fromarray(pixels).convert("L")):
            buffer = io.BytesIO()
            exif = Image.Exif()
            exif[0x0112] = 6
            image.save(
                buffer,
                format=format.split(" ")[0],
                **settings,
                **({} if format in {"BMP", "PPM"} else {"exif": exif}),
            )
            encoded.append(buffer.getvalue())
    return encoded


def fuzz_images(cases: int, seed: int) -> Counter[str]:
    stream, seeds, outcomes = random.Random(seed), seeds_of_images(), Counter[str]()
    for _ in range(cases):
        data = mutated(stream.choice(seeds), stream)
        try:
            image = read_image(data)
            assert image.mode == "RGB"
            assert min(image.size) >= 1
            assert read_small(data, (9, 8)).shape == (8, 9, 3)
            outcomes["read"] += 1
        except ImageError as error:
            outcomes[error.reason] += 1
    return outcomes


def fuzz_recipes(cases: int, seed: int) -> Counter[str]:
    stream, outcomes = random.Random(seed), Counter[str]()
    texts = [path.read_bytes() for path in sorted((REPOSITORY / "recipes").glob("*.toml"))] + [
        RECIPE.encode()
    ]
    words = [
        b"nan",
        b"inf",
        b"-1",
        b"1e400",
        b"true",
        b"[]",
        b"{}",
        b'"x"',
        b"[[transforms]]\n",
        b'op = "pad"\n',
        b"p = 2\n",
    ]
    for _ in range(cases):
        text = bytearray(stream.choice(texts))
        for _ in range(stream.randrange(1, 4)):
            at = stream.randrange(len(text))
            text[at : at + stream.randrange(8)] = (
                stream.choice(words) if stream.randrange(2) else b""
            )
        try:
            parse_recipe(
                mutated(bytes(text), stream).decode(errors="replace"), Path("recipes"), "fuzz.toml"
            )
            outcomes["a recipe"] += 1
        except RecipeError as error:
            named = all(line.startswith("fuzz.toml") for line in str(error).splitlines())
            outcomes["refused" if named else "refused, but not by name"] += 1
    return outcomes


def fuzz_manifests(out: Path, cases: int, seed: int) -> Counter[str]:
    stream, outcomes = random.Random(seed), Counter[str]()
    whole = (out / "manifest.jsonl").read_bytes()
    for _ in range(cases):
        data = mutated(whole, stream)
        (out / "manifest.jsonl").write_bytes(data)
        report = verify(out, quick=True)
        if data != whole:
            assert report.findings
        try:
            read_table(out / "manifest.jsonl")
            outcomes["read"] += 1
        except TableError:
            outcomes["refused"] += 1
    (out / "manifest.jsonl").write_bytes(whole)
    return outcomes


@pytest.fixture
def out(tmp_path: Path) -> Path:
    photos(tmp_path / "photos", {"cats": 3, "dogs": 2})
    return shutil.copytree(build(write_recipe(tmp_path)).out, tmp_path / "copy")


def test_some_mutated_images() -> None:
    outcomes = fuzz_images(4000, seed=1)
    assert set(outcomes) <= {"read", *REASONS}
    assert outcomes["read"] > 100
    assert outcomes["truncated"] > 100


def test_some_mutated_recipes() -> None:
    outcomes = fuzz_recipes(1500, seed=1)
    assert set(outcomes) == {"a recipe", "refused"}
    assert outcomes["a recipe"] > 10


def test_some_mutated_manifests(out: Path) -> None:
    outcomes = fuzz_manifests(out, 400, seed=1)
    assert outcomes["refused"] > 100


@pytest.mark.slow
def test_many_mutated_images() -> None:
    outcomes = fuzz_images(100_000, seed=2)
    print(json.dumps(outcomes))
    assert set(outcomes) <= {"read", *REASONS}


@pytest.mark.slow
def test_many_mutated_recipes() -> None:
    outcomes = fuzz_recipes(20_000, seed=2)
    print(json.dumps(outcomes))
    assert set(outcomes) == {"a recipe", "refused"}


@pytest.mark.slow
def test_many_mutated_manifests(out: Path) -> None:
    print(json.dumps(fuzz_manifests(out, 20_000, seed=2)))
