"""Names of peers lead to ours, or say that there is nothing like it and what is nearest."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from augbuild.catalogue.synonyms import _NONE, _SAME, suggest_transform
from augbuild.catalogue.transforms import CATALOGUE


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("GaussianBlur", "blur"),
        ("A.HorizontalFlip", "hflip"),
        ("RandomHorizontalFlip", "hflip"),
        ("random vertical-flip", "vflip"),
        ("RandomResizedCrop", "random_crop"),
        ("CenterCrop", "crop"),
        ("RandomRotation", "rotate"),
        ("Affine", "rotate"),
        ("shear", "skew"),
        ("jpeg", "encoding_quality"),
        ("to_gray", "grayscale"),
        ("GaussNoise", "random_noise"),
        ("T.ColorJitter", "color_jitter"),
        ("v2.RandomPerspective", "perspective_transform"),
        ("PadIfNeeded", "pad_square"),
        ("Downscale", "pixelization"),
    ],
)
def test_peers_names_are_known(name: str, ours: str) -> None:
    assert suggest_transform(name) == f'here it is called "{ours}"'


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("rotat", 'did you mean "rotate"?'),
        ("RandomCrop", 'did you mean "random_crop"?'),
        ("CROP", 'did you mean "crop"?'),
        ("ColorJiter", 'did you mean "color_jitter"?'),
        ("horizontalflp", 'did you mean "hflip"?'),
        ("cutout", "it is not available; the nearest is overlay_image"),
        ("random_erasing", "it is not available; the nearest is overlay_image"),
        ("RandAugment", "it is not available; write a [[transforms]] table with some_of instead"),
        (
            "MixUp",
            "it is not available; it mixes the labels of two images, which files cannot hold",
        ),
        ("xyzzy", "`augbuild ops` lists them"),
        ("", "`augbuild ops` lists them"),
    ],
)
def test_hints(name: str, hint: str) -> None:
    assert suggest_transform(name) == hint


def test_every_synonym_leads_to_a_transform() -> None:
    assert _SAME.keys() <= CATALOGUE.keys()
    for hint in _NONE.values():
        named = re.fullmatch(r"the nearest is (\w+)", hint)
        assert named is None or named[1] in CATALOGUE, hint


def test_no_name_is_both_there_and_not() -> None:
    for name in _NONE:
        assert suggest_transform(name).startswith("it is not available"), name


@given(st.text(max_size=300))
def test_any_name_has_a_hint(name: str) -> None:
    assert suggest_transform(name)
