"""Real images for a machine without any: AugLy's Twemoji pictures and scikit-learn's digits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from augbuild.catalogue.assets import TWEMOJI, augly_assets
from augbuild.core.files import Stamp
from augbuild.core.text import as_toml
from augbuild.errors import SourceError
from augbuild.sources.dataset import Source, SourceDataset, SourceOptions
from augbuild.sources.folder import open_folder

# Not people, symbols and alphanumeric: they repeat one drawing in many classes and colours.
_EMOJI_CLASSES = ("activity", "animals_and_nature", "food_and_drink", "smileys")

# The licence is that of UCI, archive.ics.uci.edu/dataset/80; scikit-learn's description has none.
_DIGITS = (
    "Optical Recognition of Handwritten Digits, E. Alpaydin and C. Kaynak 1998, UCI Machine "
    "Learning Repository (doi.org/10.24432/C50P49), CC BY 4.0 "
    "(creativecommons.org/licenses/by/4.0), the test set as it comes with scikit-learn"
)
_INK = 16  # the darkest pixel: how many of 4 x 4 were inked in the scan


def open_sample(name: str) -> SourceDataset:
    """Open the sample dataset `name`; raises SourceError where there is none."""
    if name not in _SAMPLES:
        known = " and ".join(f"sample:{each}" for each in _SAMPLES)
        raise SourceError(f"unknown sample dataset {as_toml(name)}; there are {known}")
    return _SAMPLES[name]()


def open_emoji() -> SourceDataset:
    """Open `sample:emoji`: 295 pictures in 4 classes."""
    assets = augly_assets()
    if assets is None:
        raise SourceError(
            "the sample images come with AugLy, which is not installed; pip install augly"
        )
    # As the files lie in AugLy, whatever a recipe says of other sources.
    options = SourceOptions(layout="classes", classes=_EMOJI_CLASSES)
    dataset = open_folder(assets / "twemojis", options)
    return replace(dataset, identity="sample:emoji", ignored={}, attribution=TWEMOJI)


def open_digits() -> SourceDataset:
    """Open `sample:digits`: 1,797 handwritten digits of 8 x 8 grey pixels, in 10 classes."""
    sources = []
    for path in read_digits():
        label, _ = path.split("/")
        sources.append(Source(path, label))
    return SourceDataset(
        root=Path("sample:digits"),
        originals=DigitOriginals(),
        identity="sample:digits",
        classes=tuple("0123456789"),
        sources=tuple(sources),
        attribution=_DIGITS,
    )


_SAMPLES: Mapping[str, Callable[[], SourceDataset]] = {"emoji": open_emoji, "digits": open_digits}


@dataclass(frozen=True, slots=True)
class DigitOriginals:
    """The digits as PGM files that are on no disk; each process makes them once."""

    def read(self, path: str) -> bytes:
        """Return the PGM file of a digit."""
        return read_digits()[path]

    def stat(self, path: str) -> Stamp:
        """Return the size of a digit's file, and no time."""
        return Stamp(len(read_digits()[path]), 0)

    def local_path(self, path: str) -> Path | None:  # noqa: ARG002
        """Return None: no digit is a file."""
        return None


@cache
def read_digits() -> Mapping[str, bytes]:
    """Return the PGM files of the digits by path: `3/3_007.pgm`, counted within its class.

    Raises SourceError where scikit-learn is not installed.
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise SourceError(
            "the digits come with scikit-learn, which is not installed; "
            "pip install 'augbuild[train]'"
        ) from error
    digits = load_digits()
    files = {}
    numbers = Counter[int]()
    for image, label in zip(digits.images, digits.target.tolist(), strict=True):
        height, width = image.shape
        header = f"P5\n{width} {height}\n255\n".encode()
        grey = (image * 255 / _INK).round().astype("uint8")
        files[f"{label}/{label}_{numbers[label]:03}.pgm"] = header + grey.tobytes()
        numbers[label] += 1
    return dict(sorted(files.items()))
