"""The sample dataset: the pictures that come with AugLy."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import pytest

from augbuild.errors import SourceError
from augbuild.similarity.pictures.signatures import sign_originals
from augbuild.similarity.search import near_duplicates_within
from augbuild.sources.open import open_source


def test_emoji() -> None:
    dataset = open_source("sample:emoji", Path("/nowhere"))
    assert dataset.identity == "sample:emoji"
    assert Counter(source.label for source in dataset.sources) == {
        "activity": 55,
        "animals_and_nature": 86,
        "food_and_drink": 62,
        "smileys": 92,
    }
    assert dataset.classes == ("activity", "animals_and_nature", "food_and_drink", "smileys")
    assert dataset.attribution is not None
    assert "CC BY 4.0" in dataset.attribution
    assert all((dataset.root / source.path).is_file() for source in dataset.sources)


def test_no_picture_is_in_two_classes() -> None:
    dataset = open_source("sample:emoji", Path())
    paths = [source.path for source in dataset.sources]
    found = near_duplicates_within(sign_originals(dataset.originals, paths, n_jobs=1))
    assert found.pairs, "some smileys are nearly the same"
    for pair in found.pairs:
        assert pair.first.split("/")[0] == pair.second.split("/")[0]


def test_without_augly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "augly", None)
    with pytest.raises(
        SourceError, match="come with AugLy, which is not installed; pip install augly"
    ):
        open_source("sample:emoji", Path())
