"""How files are decoded: the part of a source's options that changes pixels."""

from __future__ import annotations

import msgspec
import pytest

from augbuild.core.documents import to_plain
from augbuild.sources.dataset import SourceOptions
from augbuild.sources.decoding import DEFAULT_DECODING, MAX_PIXELS, Decoding, decoding_of


def test_options_have_it_among_others() -> None:
    options = SourceOptions(depth=12, margin=0.5, min_size=3, max_pixels=9, suffix=".jpg")
    assert decoding_of(options) == Decoding(depth=12, margin=0.5, min_size=3, max_pixels=9)
    assert decoding_of(SourceOptions(suffix=".jpg")) == DEFAULT_DECODING


def test_only_what_differs_is_written() -> None:
    assert to_plain(DEFAULT_DECODING) == {}
    assert to_plain(Decoding(depth=12)) == {"depth": 12}


def test_default_is_that_of_earlier_versions() -> None:
    assert DEFAULT_DECODING.max_pixels == MAX_PIXELS == 50_000_000


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("depth", 0), ("depth", 17), ("max_pixels", 0), ("max_pixels", 178_956_971),
        ("margin", -0.1), ("margin", 10.5), ("min_size", 0),
    ],
)  # fmt: skip
def test_has_ranges(name: str, value: float) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({name: value}, Decoding)
