"""Datasets and groups for the tests of planning."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from hypothesis import strategies as st

from augbuild.sources.dataset import Source

SEEDS = st.integers(0, 2**32)


def sources_of(classes: Mapping[str, int]) -> list[Source]:
    """Make so many sources of each class."""
    return [
        Source(f"{label}/{index:04}.jpg", label)
        for label, count in classes.items()
        for index in range(count)
    ]


def joined(groups: Iterable[Sequence[str]]) -> dict[str, str]:
    """Name the group of each path by its smallest path."""
    return {path: min(members) for members in groups for path in members}


@st.composite
def grouped(
    draw: st.DrawFn, classes: int = 3, most: int = 30
) -> tuple[list[Source], dict[str, str]]:
    """Draw sources of a few classes, some of them in groups, which may span classes."""
    sizes = draw(st.lists(st.integers(1, most), min_size=1, max_size=classes))
    sources = sources_of({f"class{number}": size for number, size in enumerate(sizes)})
    paths = [source.path for source in sources]
    members: defaultdict[int, list[str]] = defaultdict(list)
    for path in paths:
        members[draw(st.integers(0, len(paths)))].append(path)
    return sources, joined(members.values())
