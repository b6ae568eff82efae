"""Images that look already augmented by their names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from augbuild.planning.grouping import groups_by_pattern
from augbuild.sources.dataset import Source, SourceOptions, Split
from augbuild.sources.folders.augmented import find_augmented_names
from tests.augbuild.sources.fixtures import findings_of, open_classes, touch

HASHES = ("0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210")
UUID = "0f8fad5b-d9cb-469f-a165-70867728950e"
VERSIONS = {
    "roboflow": [f"x_jpg.rf.{HASHES[0]}.jpg", f"x_jpg.rf.{HASHES[1]}.jpg"],
    "augmentor": ["x.jpg", f"cats_original_x.jpg_{UUID}.jpg"],
    "prefix": ["x.jpg", "aug_x.jpg", "aug_12_x.png", "AUG-x.jpg"],
    "suffix": ["x.jpg", "x_flip.jpg", "x_rot90.png", "x-hflip_rot180.jpg", "x_aug3.jpg"],
    "changed": ["x.jpg", "x_blur.jpg", "x_noise2.jpg"],
}


def sources_of(names: list[str], folder: str = "") -> list[Source]:
    split: Split | None = "train" if folder else None
    return [Source(f"cats/{name}", "cats", folder, split) for name in names]


@pytest.mark.parametrize("names", VERSIONS.values(), ids=VERSIONS.keys())
@pytest.mark.parametrize("folder", ["", "train"])
def test_the_pattern_to_write_keeps_the_versions_of_a_photo_together(
    names: list[str], folder: str
) -> None:
    sources = sources_of([*names, *(name.replace("x", "y") for name in names)], folder)
    (finding,) = find_augmented_names(sources)
    assert finding.kind == "already augmented"
    pattern = re.search(r"group = '(.+?)' ", finding.advice)
    assert pattern is not None
    groups = groups_by_pattern(sources, pattern[1])
    photos = [source.key.rpartition("/")[2].count("y") for source in sources]
    together = {(groups[s.path], "y" in s.key.removeprefix("cats/")) for s in sources}
    assert len(together) == len(set(groups.values())) == 2, photos
    assert ("ignore_existing = true" in finding.advice) == bool(folder)


@pytest.mark.parametrize("kind", ["augmentor", "prefix", "suffix", "changed"])
def test_the_pattern_to_exclude_leaves_the_versions_out(tmp_path: Path, kind: str) -> None:
    touch(tmp_path, *(f"cats/{name}" for name in VERSIONS[kind]))
    (text,) = [each for each in findings_of(open_classes(tmp_path)) if "augmented" in each]
    patterns = re.search(r"exclude = \[(.+)\] in \[source\]", text)
    assert patterns is not None
    exclude = tuple(re.findall('"(.+?)"', patterns[1]))
    dataset = open_classes(tmp_path, SourceOptions(layout="classes", exclude=exclude))
    assert not [each for each in findings_of(dataset) if "augmented" in each]
    assert [source.key for source in dataset.sources] == ["cats/x.jpg"]


@pytest.mark.parametrize(
    "names",
    [
        ["august.jpg", "flip.jpg", "x_flipper.jpg", "rot.jpg"],
        ["night_dark.jpg", "x_crop.jpg"],
        [f"x.rf.{HASHES[0]}.jpg", f"y.rf.{HASHES[1]}.jpg"],
    ],
)
def test_what_looks_like_an_original(names: list[str]) -> None:
    assert find_augmented_names(sources_of(names)) == []


def test_versions_of_one_name_in_two_classes_are_not_of_one_photo() -> None:
    sources = [
        Source(f"cats/x.rf.{HASHES[0]}.jpg", "cats"),
        Source(f"dogs/x.rf.{HASHES[1]}.jpg", "dogs"),
    ]
    assert find_augmented_names(sources) == []


def test_the_finding_as_text() -> None:
    (finding,) = find_augmented_names(sources_of(["x.jpg", "x_flip.jpg", "y_flip.jpg"]))
    assert finding.text() == (
        "2 images look already augmented by name (_flip and the like) (cats/x_flip.jpg, "
        "cats/y_flip.jpg); keep the versions of a photo together: group = "
        r"'(?i)^(.+?)(?:[_-](?:flip)[_-]?\d*)*\.\w+$' in [split]; or leave them out: "
        'exclude = ["*_flip.*"] in [source]'
    )


def test_with_many_marks_no_pattern_to_exclude_is_written() -> None:
    names = [f"x_{word}.jpg" for word in ("flip", "hflip", "vflip", "mirror", "rotated")]
    (finding,) = find_augmented_names(sources_of(names))
    assert "exclude" not in finding.advice
    (finding,) = find_augmented_names(sources_of(names[:4]))
    assert "exclude" in finding.advice
