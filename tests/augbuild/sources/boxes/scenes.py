"""Small photos with boxes, written as COCO, Pascal VOC or YOLO annotate them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

SIZE = (64, 48)

Boxes = Sequence[tuple[str, tuple[float, float, float, float]]]
"""Boxes with their classes: left, top, width and height in pixels."""

SCENES: Mapping[str, Boxes] = {
    "1": [("cat", (2, 3, 20, 30)), ("dog", (30, 4, 16, 24))],
    "2": [("dog", (0, 0, 32, 48)), ("cat", (40, 8, 24, 20))],
    "3": [("cat", (10, 10, 12, 12)), ("dog", (32, 24, 30, 20))],
    "4": [("dog", (8, 12, 40, 30)), ("cat", (50, 2, 10, 12))],
}
"""Four photos, each with a cat and a dog."""


def photo(path: Path, size: tuple[int, int] = SIZE, seed: int = 0) -> Path:
    """Write a photo of noise; its name gives it other pixels than any other."""
    path.parent.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng([seed, *path.name.encode()])
    pixels = generator.integers(0, 256, (size[1], size[0], 3), np.uint8)
    Image.fromarray(pixels).save(path, quality=95)
    return path


def photos(folder: Path, scenes: Mapping[str, Boxes] = SCENES) -> Path:
    """Write a photo for each scene, `NAME.jpg`."""
    for name in scenes:
        photo(folder / f"{name}.jpg")
    return folder


def write_coco(file: Path, scenes: Mapping[str, Boxes] = SCENES, **others: object) -> Path:
    """Write a COCO file; `others` replace its sections."""
    names = sorted({label for boxes in scenes.values() for label, _ in boxes})
    images: list[object] = []
    annotations: list[object] = []
    for number, (name, boxes) in enumerate(scenes.items(), start=1):
        images.append({"id": number, "file_name": f"{name}.jpg", "width": 64, "height": 48})
        for label, box in boxes:
            annotations.append(
                {
                    "id": len(annotations),
                    "image_id": number,
                    "category_id": names.index(label),
                    "bbox": list(box),
                    "iscrowd": 0,
                }
            )
    categories = [{"id": index, "name": name} for index, name in enumerate(names)]
    sections = {"images": images, "annotations": annotations, "categories": categories}
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(sections | others))
    return file


def write_voc(folder: Path, scenes: Mapping[str, Boxes] = SCENES) -> Path:
    """Write an XML file for each scene."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, boxes in scenes.items():
        objects = ""
        for label, (left, top, width, height) in boxes:
            objects += (
                f"<object><name>{label}</name><bndbox><xmin>{left}</xmin><ymin>{top}</ymin>"
                f"<xmax>{left + width}</xmax><ymax>{top + height}</ymax></bndbox></object>"
            )
        text = f"<annotation><filename>{name}.jpg</filename>{objects}</annotation>"
        (folder / f"{name}.xml").write_text(text)
    return folder


def write_yolo(folder: Path, scenes: Mapping[str, Boxes] = SCENES) -> Path:
    """Write a text file for each scene; cats are class 0, dogs class 1."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, boxes in scenes.items():
        lines = []
        for label, (left, top, width, height) in boxes:
            across, down = (left + width / 2) / SIZE[0], (top + height / 2) / SIZE[1]
            shares = (across, down, width / SIZE[0], height / SIZE[1])
            numbers = " ".join(f"{share:.8f}" for share in shares)
            lines.append(f"{['cat', 'dog'].index(label)} {numbers}")
        (folder / f"{name}.txt").write_text("\n".join(lines))
    return folder
