"""Names of outputs: portable, short enough, and apart from those of any other source."""

from __future__ import annotations

import hashlib
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from augbuild.planning.naming import original_extension, output_stem, reject_collisions
from augbuild.sources.dataset import Source


def digits(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:8]


@pytest.mark.parametrize(
    ("key", "stem"),
    [
        ("cats/a.jpg", "a"),
        ("cats/a.b.jpg", "a.b"),
        ("cats/sub/a.jpg", "a"),
        ("cats/a b.jpg", "a b"),
        ("cats/caf\xe9.jpg", "caf\xe9"),
        ('cats/<a>:"b"|?*.jpg', "_a___b____"),
        ("cats/a\x1f\x7f\\b.jpg", "a___b"),
        ("cats/-a.jpg", "_a"),
        ("cats/. -a-.jpg", "_a-"),
        ("cats/a. .jpg", "a_"),
        ("cats/" + "x" * 250 + ".jpg", "x" * 200),
        ("cats/" + "x" * 199 + "\xe9.jpg", "x" * 199),  # two bytes: not cut in the middle
        ("cats/" + "x" * 198 + "\xe9.jpg", "x" * 198 + "\xe9"),
    ],
)
def test_the_stem_is_portable_and_the_digits_are_of_the_whole_path(key: str, stem: str) -> None:
    assert output_stem(key) == f"{stem}_{digits(key)}"


def test_both_unicode_forms_have_one_name() -> None:
    composed = "cats/caf\xe9.jpg"
    assert output_stem(unicodedata.normalize("NFD", composed)) == output_stem(composed)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_any_name_fits_a_file_system(name: str) -> None:
    stem = output_stem(f"cats/{name}.jpg")
    assert len(stem.encode()) <= 209
    assert not set(stem) & set('<>:"/\\|?*\0\n')
    assert not stem.startswith((".", " ", "-"))


def test_names_that_a_file_system_takes_for_the_same_collide() -> None:
    """Paths that differ only by their Unicode form have one name, hash and all."""
    composed, decomposed = "cats/caf\xe9.jpg", unicodedata.normalize("NFD", "cats/caf\xe9.jpg")
    sources = [
        Source(composed, "cats", split="train"),
        Source("cats/b.jpg", "cats", split="train"),
        Source(decomposed, "cats", split="train"),
        Source(decomposed, "cats", split="test"),
    ]
    kept, rejected = reject_collisions(sources)
    assert kept == [sources[0], sources[1], sources[3]]
    assert [(each.source, each.reason) for each in rejected] == [(decomposed, "bad_name")]
    assert rejected[0].message == "its outputs would be named as those of another source"


def test_labels_that_differ_by_case_are_one_folder_on_some_file_systems() -> None:
    first = Source("a/1.jpg", "Cats", split="train")
    second = Source("a/1.jpg", "cats", split="train")
    other = Source("a/1.jpg", "dogs", split="train")
    kept, rejected = reject_collisions([first, second, other])
    assert (kept, len(rejected)) == ([first, other], 1)
    assert reject_collisions([]) == ([], [])


@pytest.mark.parametrize(
    ("key", "extension"),
    [("a/1.JPG", ".jpg"), ("1.jfif", ".jpg"), ("1.tiff", ".tiff"), ("1.jpg#xywh=1,2,3,4", ".png")],
)
def test_an_original_keeps_its_extension_and_a_box_is_a_png(key: str, extension: str) -> None:
    assert original_extension(key) == extension


def test_boxes_of_a_photo_have_names_of_their_own() -> None:
    names = {output_stem(f"a/1.jpg#xywh={left},2,3,4") for left in range(3)}
    assert len(names) == 3
    assert {name.rpartition("_")[0] for name in names} == {"1"}
