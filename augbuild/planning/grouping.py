"""Which sources belong together and must not be parted by a split."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from augbuild.sources.boxes.box import photo_of
from augbuild.sources.dataset import Source

Groups = Mapping[str, str]
"""The group of each path, named by its smallest path; a path that is alone may be missing."""


def find_groups(
    sources: Iterable[Source], group: str, twins: Iterable[tuple[str, str]] = ()
) -> Groups:
    """Find the groups that a recipe's `split.group` asks for.

    That is "near-duplicates", which are `twins`, "none" or a regular expression; the groups that
    the sources come with, from a column of their table, are kept whole besides.
    """
    sources = list(sources)
    if group == "none":
        groups: Groups = {}
    elif group == "near-duplicates":
        from augbuild.similarity.groups import group_pairs  # NumPy

        groups = group_pairs(twins)
    else:
        groups = groups_by_pattern(sources, group)
    return _join_own_groups(sources, groups)


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
