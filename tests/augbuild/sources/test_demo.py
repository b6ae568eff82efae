"""The sample datasets: the pictures that come with AugLy, the digits that scikit-learn has."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from augbuild.errors import SourceError
from augbuild.pixels.codec import read_image
from augbuild.similarity.pictures.signatures import sign_originals
from augbuild.similarity.search import near_duplicates_within
from augbuild.sources.demo import read_digits
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


@pytest.fixture
def sklearn_datasets() -> Any:
    return pytest.importorskip("sklearn.datasets", reason="scikit-learn is not installed")


def test_digits_are_those_of_scikit_learn(sklearn_datasets: Any) -> None:
    dataset = open_source("sample:digits", Path("/nowhere"))
    assert dataset.identity == "sample:digits"
    assert dataset.classes == tuple("0123456789")
    paths = [source.path for source in dataset.sources]
    assert len(paths) == len(set(paths)) == 1797
    assert paths == sorted(paths)
    digits = sklearn_datasets.load_digits()
    shown = {label: iter(digits.images[digits.target == label]) for label in range(10)}
    for source in dataset.sources:
        data = dataset.originals.read(source.path)
        pixels = np.asarray(read_image(data))
        expected = next(shown[int(source.label)]) / 16
        assert pixels.shape == (8, 8, 3)
        assert np.abs(pixels / 255 - expected[:, :, None]).max() < 0.002
        assert dataset.originals.stat(source.path)[0] == len(data)
        assert dataset.originals.local_path(source.path) is None


def test_digits_say_whose_they_are() -> None:
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    attribution = open_source("sample:digits", Path()).attribution
    assert attribution is not None
    assert "Alpaydin" in attribution
    assert "CC BY 4.0" in attribution


def test_digits_without_scikit_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    read_digits.cache_clear()
    with pytest.raises(SourceError) as caught:
        open_source("sample:digits", Path())
    assert str(caught.value) == (
        "the digits come with scikit-learn, which is not installed; pip install 'augbuild[train]'"
    )


def test_another_sample_is_not_there() -> None:
    with pytest.raises(SourceError) as caught:
        open_source("sample:faces", Path())
    expected = 'unknown sample dataset "faces"; there are sample:emoji and sample:digits'
    assert str(caught.value) == expected
