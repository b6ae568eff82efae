"""A stand-in of Hugging Face's `datasets`, as far as a stream of images is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Row = Mapping[str, object]


class Image:
    """As datasets.Image: a column of images, decoded or as their bytes."""

    def __init__(self, decode: bool = True) -> None:
        self.decode = decode


class ClassLabel:
    """As datasets.ClassLabel: numbers that stand for names."""

    def __init__(self, names: list[str]) -> None:
        self.names = names


class Value:
    """As datasets.Value: a plain value."""


class Information:
    """As datasets.DatasetInfo, as far as it is read."""

    license = "cc0-1.0"


class Stream:
    """As an IterableDataset: rows in order, a state to go on from, and perhaps an early end."""

    info = Information()

    def __init__(self, features: Mapping[str, object], rows: list[Row], fails_at: int = -1) -> None:
        self.features = features
        self.rows = rows
        self.fails_at = fails_at
        self.position = 0
        self.read = 0

    def cast_column(self, name: str, feature: Any) -> Stream:
        assert isinstance(self.features[name], Image)
        assert not feature.decode
        return self

    def state_dict(self) -> dict[str, object]:
        return {"position": self.position}

    def load_state_dict(self, state: dict[str, object]) -> None:
        assert isinstance(state["position"], int)
        self.position = state["position"]

    def __iter__(self) -> Iterator[Row]:
        while self.position < len(self.rows):
            if self.position == self.fails_at:
                raise ConnectionError("the network is down.\nmore")
            row = self.rows[self.position]
            self.position += 1
            self.read += 1
            yield row


FEATURES = {"image": Image(), "label": ClassLabel(["cat", "dog"]), "age": Value(), "box": [1]}


def make_rows(count: int, start: int = 0) -> list[Row]:
    """Make rows of pictures, of which three in a row have one name."""
    rows: list[Row] = []
    for number in range(start, start + count):
        image = {"bytes": b"\x89PNG %d" % number, "path": f"x/{number // 3}.png"}
        rows.append({"image": image, "label": number % 2, "age": number, "box": [1, 2]})
    return rows
