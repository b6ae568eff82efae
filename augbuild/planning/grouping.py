"""Which sources belong together and must not be parted by a split."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from augbuild.sources.boxes.box import photo_of
from augbuild.sources.dataset import Source, SourceDataset

Groups = Mapping[str, str]
"""The group of each path, named by its smallest path; a path that is alone may be missing."""


def find_groups(dataset: SourceDataset, group: str, n_jobs: int) -> Groups:
    """Find the groups that a recipe's `split.group` asks for.

    That is "near-duplicates", "none" or a regular expression; the groups that the sources come
    with, from a column of their table, are kept whole besides.
    """
    return _join_own_groups(dataset.sources, _find_by_rule(dataset, group, n_jobs))


def _find_by_rule(dataset: SourceDataset, group: str, n_jobs: int) -> Groups:
    if group == "none":
        return {}
    if group == "near-duplicates":
        return _find_near_duplicates(dataset, n_jobs)
    return groups_by_pattern(dataset.sources, group)


def _join_own_groups(sources: Iterable[Source], groups: Groups) -> Groups:
    pairs: list[tuple[str, str]] = []
    first_of: dict[str, str] = {}
    for source in sources:
        if source.group is not None:
            # The photo of a box names its group, whatever other boxes the photo has.
            first = first_of.setdefault(source.group, photo_of(source.path))
            pairs.append((first, source.path))
    if not pairs:
        return groups
    from augbuild.similarity.groups import group_pairs  # NumPy

    return group_pairs([*pairs, *groups.items()])


def group_name(source: Source, groups: Groups) -> str:
    """Return the group of a source; one that is alone is named by its own path."""
    path = source.path
    return groups.get(path, path)


def groups_by_pattern(sources: Iterable[Source], pattern: str) -> Groups:
    """Group sources by what a regular expression finds in their paths.

    That is its first group, or the whole match. What has no match is alone.
    """
    compiled = re.compile(pattern)
    wanted = 1 if compiled.groups else 0
    smallest: dict[str, str] = {}
    groups: dict[str, str] = {}
    paths = [source.path for source in sources]
    for path in sorted(paths):
        match = compiled.search(path)
        if match is None:
            continue
        value = match.group(wanted)
        # An optional group of the pattern may have no part in the match.
        if value is not None:
            groups[path] = smallest.setdefault(value, path)
    return groups


def _find_near_duplicates(dataset: SourceDataset, n_jobs: int) -> Groups:
    # Imported here: NumPy, Pillow and joblib, which other recipes do not need.
    from augbuild.similarity.groups import group_pairs
    from augbuild.similarity.search import near_duplicates_within, sign_originals

    # Boxes of one photo are together anyway, so it is photos that are compared.
    photos = dict.fromkeys(photo_of(source.path) for source in dataset.sources)
    signatures = sign_originals(dataset.originals, list(photos), n_jobs=n_jobs)
    pairs = near_duplicates_within(dataset.originals, signatures)
    return group_pairs(pairs)
