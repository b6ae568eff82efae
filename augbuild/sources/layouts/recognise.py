"""Recognise how a source is laid out, or raise what tells its owner what to write.

This looks at paths alone, relative to the root of the dataset, and at no file.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from augbuild.core.text import list_words
from augbuild.errors import SourceError
from augbuild.sources.dataset import LayoutName, Split
from augbuild.sources.layouts.doubts import UNCLEAR, Doubt, find_doubt, refuse
from augbuild.sources.layouts.layout import Layout
from augbuild.sources.layouts.sketch import FolderTree, grow_tree
from augbuild.sources.layouts.splits import find_splits, split_of

_Level = tuple[str, FolderTree]  # a folder by its path, "" for the root


def recognise_layout(
    root: Path,
    images: Collection[str],
    *,
    name: LayoutName = "auto",
    ignore_existing: bool = False,
) -> Layout:
    """Find out where splits and classes are; `images` are paths relative to `root`.

    `name` is what the recipe says. With `ignore_existing`, split folders only group class folders.
    Raises SourceError where
    it cannot be known what is meant, with the tree and the lines that would make it known.
    """
    tree = grow_tree(images)
    keeps = not ignore_existing
    if name != "auto":
        layout = _named_layout(root, tree, name, keeps)
    else:
        found = _settle(tree, keeps)
        if isinstance(found, Doubt):
            if found.leave_out and not _is_clear_without(images, found.leave_out, keeps):
                found = replace(found, leave_out=())
            raise refuse(root, tree, found, _readings(tree, keeps))
        layout = found
    if layout.keeps_splits and layout.splits:
        _check_splits(root, layout)
    return layout


def _settle(tree: FolderTree, keeps: bool) -> Layout | Doubt:
    """Find the layout, or what speaks against it."""
    found = _find_layout(tree, keeps)
    return found if isinstance(found, Doubt) else find_doubt(tree, found) or found


def _is_clear_without(images: Collection[str], folders: Sequence[str], keeps: bool) -> bool:
    """Check whether there is no doubt once the images of some folders are left out."""
    prefixes = tuple(f"{folder}/" for folder in folders)
    rest = [image for image in images if not image.startswith(prefixes)]
    return isinstance(_settle(grow_tree(rest), keeps), Layout)


def _find_layout(tree: FolderTree, keeps: bool) -> Layout | Doubt:
    """Find the layout that the names of folders speak for, at the root or below wrappers."""
    for level in _unwrap(tree):
        found = _splits_at(level, keeps) or _class_splits_at(level, keeps)
        if found is not None:
            return found
    return Layout("classes")


def _unwrap(tree: FolderTree) -> Iterator[_Level]:
    """Yield the root, and the folders below it as long as each is the only one there."""
    path = ""
    yield path, tree
    while len(tree.folders) == 1:
        ((name, tree),) = tree.folders.items()
        path = f"{path}/{name}" if path else name
        yield path, tree


def _splits_at(level: _Level, keeps: bool) -> Layout | Doubt | None:
    """Find the split folders of a level.

    Folders with the names of splits are splits where they hold class folders and nothing lies
    beside them. Beside other folders, such a folder is a class if it has images directly in it; if
    it has none, nobody but the user can know.
    """
    path, tree = level
    named = find_splits(tree.folders)
    others = sorted(tree.folders.keys() - named.keys())
    nested = sorted(name for name in named if not tree.folders[name].direct)
    flat = sorted(name for name in named if not tree.folders[name].folders)
    if not named or (others and not nested):
        return None
    if others:
        why = f"{_slashed(others[:3])} beside {_slashed(sorted(named))}, as of splits"
        return Doubt(f"{UNCLEAR}: there is {why}", leave_out=_join_all(path, others))
    if flat:
        if path and len(tree.folders) > 1 and len(flat) == len(named):
            return None  # cats/train/1.jpg: the only class, with its splits
        why = f"images lie directly in {_slashed(flat)}, without a class folder"
        why = f"{UNCLEAR}: {why}"
        return Doubt(why, leave_out=_join_all(path, flat) if len(flat) < len(named) else ())
    if len(named) == 1 and _holds_splits(next(iter(tree.folders.values()))):
        return None
    splits = {_unwrap_split(path, name, tree.folders[name]): named[name] for name in named}
    return Layout("splits", splits, keeps_splits=keeps)


def _holds_splits(tree: FolderTree) -> bool:
    """Check whether a folder that is named like a split only wraps others that are."""
    named = find_splits(tree.folders)
    if len(named) < len(tree.folders) or len(set(named.values())) < 2:
        return False
    return not any(each.direct for each in tree.folders.values())


def _unwrap_split(path: str, name: str, tree: FolderTree) -> str:
    """Return the folder whose folders are classes: seg_train/seg_train, say, for seg_train."""
    inner = f"{path}/{name}" if path else name
    while len(tree.folders) == 1:
        ((below, below_tree),) = tree.folders.items()
        is_again = below == name or split_of(below) == split_of(name) is not None
        if not is_again or below_tree.direct or tree.direct:
            break
        # Archives of Kaggle often hold a folder within a folder of the same name.
        inner = f"{inner}/{below}"
        tree = below_tree
    return inner


def _class_splits_at(level: _Level, keeps: bool) -> Layout | None:
    """Find split folders in the class folders of a level: cats/train, cats/test, dogs/train …"""
    path, tree = level
    splits: dict[str, Split] = {}
    for of_class in tree.folders.values():
        # All or nothing: a class with folders of another kind, too, is for its owner to explain.
        named = find_splits(of_class.folders)
        if of_class.direct or not named or len(named) < len(of_class.folders):
            return None
        if not all(each.direct for each in of_class.folders.values()):
            return None
        splits.update(named)
    if not splits:
        return None
    return Layout("class-splits", splits, path, keeps_splits=keeps)


def _named_layout(root: Path, tree: FolderTree, wanted: LayoutName, keeps: bool) -> Layout:
    """Return the layout that the recipe names; raises SourceError where there is no such."""
    for layout in _readings(tree, keeps):
        if layout.kind == wanted:
            return layout
    missing = {
        "splits": "no folder is named like a split (train, validation, test …)",
        "class-splits": "no class folder has folders named like splits (train, test …)",
    }
    why = missing.get(wanted, "no image lies in a folder")
    raise refuse(root, tree, Doubt(f'[source] says layout = "{wanted}", but {why}'), ())


def _readings(tree: FolderTree, keeps: bool) -> list[Layout]:
    """Return every layout that the tree can be read as, each named by `layout` in [source]."""
    found = [Layout("classes")] if tree.folders else []
    splits: dict[str, Split] = {}
    for path, level in _unwrap(tree):
        names = find_splits(level.folders)
        for name, split in names.items():
            if level.folders[name].folders:
                splits[_unwrap_split(path, name, level.folders[name])] = split
        if splits:
            found.append(Layout("splits", splits, keeps_splits=keeps))
            break
    for path, level in _unwrap(tree):
        of_classes: dict[str, Split] = {}
        for of_class in level.folders.values():
            of_classes.update(find_splits(of_class.folders))
        in_all = all(find_splits(of_class.folders) for of_class in level.folders.values())
        if of_classes and in_all and not find_splits(level.folders):
            found.append(Layout("class-splits", of_classes, path, keeps_splits=keeps))
            break
    if tree.folders:
        found.append(Layout("leaf", splits, keeps_splits=keeps))
    return found


def _check_splits(root: Path, layout: Layout) -> None:
    """Raise SourceError for two folders of one split, and for splits without train."""
    above = "*/" if layout.kind == "class-splits" else ""
    by_split: defaultdict[Split, list[str]] = defaultdict(list)
    for folder, split in sorted(layout.splits.items()):
        by_split[split].append(folder)
    for split, folders in by_split.items():
        if len(folders) > 1:
            raise SourceError(
                f"{root} has more than one folder of {split} images, {_slashed(folders)}; merge "
                f'them, or leave one out: exclude = ["{above}{folders[0]}/*"] in [source]'
            )
    if "train" not in by_split:
        raise SourceError(
            f"{root} has {_slashed(sorted(layout.splits))} but no train/; add one, or split all of "
            "its images anew: ignore_existing = true in [split]"
        )


def _slashed(folders: Iterable[str]) -> str:
    return list_words([f"{folder}/" for folder in folders]).replace(" or ", " and ")


def _join_all(path: str, names: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"{path}/{name}" if path else name for name in names)
