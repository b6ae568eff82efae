"""Doubts about a layout: what makes it unclear which folders are classes, and what to write."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from augbuild.core.text import plural, shorten
from augbuild.errors import SourceError
from augbuild.sources.layouts.layout import Layout
from augbuild.sources.layouts.sketch import FolderTree, draw_tree
from augbuild.sources.layouts.splits import find_splits, split_of

# A folder or two may lack a class that all others have: still the same classes in each.
_SHARED = 0.75
_SHOWN_CLASSES = 4

UNCLEAR = "it is unclear which folders are the classes"


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why a layout is unclear; leaving out the folders `leave_out` would make it clear, too."""

    why: str
    leave_out: tuple[str, ...] = ()


def find_doubt(tree: FolderTree, layout: Layout) -> Doubt | None:
    """Find what speaks against a layout that was recognised; None where nothing does.

    Without any class folder there is nothing to doubt.
    """
    classes = _class_trees(tree, layout)
    if not classes:
        return None
    names = sorted(classes)
    if len(names) == 1:
        return Doubt(f"{UNCLEAR}: {names[0]}/ would be the only one")
    if layout.kind == "class-splits":
        return None  # every class folder holds nothing but splits: that is how it was recognised
    for name in names:
        inside = sorted({below for below, _ in classes[name].below() if split_of(below)})
        if inside:
            why = f"{name}/ holds {inside[0]}/, which is named like a split"
            return Doubt(f"{UNCLEAR}: {why}")
    if _hold_the_same(classes.values()):
        inside = sorted(classes[names[0]].folders)
        shown = ", ".join(inside[:_SHOWN_CLASSES])
        same = f"{names[0]}/ and {names[1]}/ hold the same folders ({shown})"
        return Doubt(f"{UNCLEAR}: {same}, which may be the classes, too")
    return None


def refuse(root: Path, tree: FolderTree, doubt: Doubt, readings: Sequence[Layout]) -> SourceError:
    """Return the error that shows the tree as seen, and the lines that would settle the doubt."""
    lines = [f"{root}: {doubt.why}", ""]
    lines += [draw_tree(tree, root.name or str(root)), ""]
    advice = []
    offered: list[list[str]] = []
    for layout in readings:
        labels = sorted(_class_trees(tree, layout))
        if labels and labels not in offered and not _is_idle(layout, labels):
            offered.append(labels)
            shown = shorten(", ".join(labels[:_SHOWN_CLASSES]))
            more = ", …" if len(labels) > _SHOWN_CLASSES else ""
            count = plural(len(labels), "class", "classes")
            advice.append(f'  layout = "{layout.kind}"  for {count}: {shown}{more}')
    if doubt.leave_out:
        patterns = ", ".join(f'"{folder}/*"' for folder in doubt.leave_out)
        advice.append(f"  exclude = [{patterns}]  to leave those images out")
    if advice:
        lines += ["write one of these into [source] of the recipe:", *advice]
    inner = _inner_folder(tree)
    if inner:
        lines.append(f"or name the folder that holds the classes: --source {_quoted(root, inner)}")
    elif not advice:
        lines.append("put the images of each class into a folder of its own")
    return SourceError("\n".join(lines))


def _is_idle(layout: Layout, labels: Sequence[str]) -> bool:
    """Check whether a reading helps nobody: splits as classes, or no train split."""
    if layout.kind == "leaf":
        return all(split_of(label) for label in labels)
    return bool(layout.splits) and layout.keeps_splits and "train" not in layout.splits.values()


def _quoted(root: Path, inner: str) -> str:
    return shlex.quote(str(root / inner))


def _class_trees(tree: FolderTree, layout: Layout) -> Mapping[str, FolderTree]:
    """Return the tree of each class by its label; those of several splits become one."""
    found: dict[str, FolderTree] = {}
    waiting = [("", tree)]
    while waiting:
        path, node = waiting.pop()
        for name, below in node.folders.items():
            waiting.append((f"{path}/{name}" if path else name, below))
        class_folder = layout.class_folder(f"{path}/x") if path and node.direct else None
        if class_folder is None:
            continue
        label = class_folder.rpartition("/")[2]
        merged_into = found.setdefault(label, FolderTree())
        for part in path[len(class_folder) + 1 :].split("/"):
            if part:
                merged_into = merged_into.folders.setdefault(part, FolderTree())
        merged_into.direct += node.direct
    return found


def _hold_the_same(classes: Iterable[FolderTree]) -> bool:
    """Check whether most class folders hold the same folders, and most images lie in those.

    One folder that all have (cats/images, dogs/images) says nothing: a class is at least two.
    """
    trees = list(classes)
    shares: Counter[str] = Counter()
    for tree in trees:
        shares.update(tree.folders.keys())
    if len(shares) < 2 or shares.total() < _SHARED * len(shares) * len(trees):
        return False
    direct = sum(tree.direct for tree in trees)
    return 2 * direct < sum(tree.total() for tree in trees)


def _inner_folder(tree: FolderTree) -> str:
    """Return the folder below which several lie, where only wrappers are above it; else ""."""
    path: list[str] = []
    while len(tree.folders) == 1 and not tree.direct:
        ((name, tree),) = tree.folders.items()
        path.append(name)
    return "/".join(path) if len(tree.folders) > 1 and not find_splits(tree.folders) else ""
