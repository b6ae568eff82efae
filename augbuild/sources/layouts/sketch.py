"""The folders of a source as a tree, with the images in each; and that tree as text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from augbuild.core.text import plural

_LEVELS = 3
_MOST_FOLDERS = 6  # of each folder; the first show what the others are like


@dataclass(slots=True)
class FolderTree:
    """A folder: how many images lie directly in it, and the folders in it that have any below."""

    direct: int = 0
    folders: dict[str, FolderTree] = field(default_factory=dict)

    def total(self) -> int:
        """Count the images in this folder and below."""
        # A list of what is still to do: folders may be nested deeper than Python's calls may.
        count = 0
        waiting = [self]
        while waiting:
            tree = waiting.pop()
            count += tree.direct
            waiting += tree.folders.values()
        return count

    def below(self) -> Iterator[tuple[str, FolderTree]]:
        """Yield every folder below this one, with its name."""
        waiting = list(self.folders.items())
        while waiting:
            name, tree = waiting.pop()
            yield name, tree
            waiting += tree.folders.items()


def grow_tree(images: Iterable[str]) -> FolderTree:
    """Build the tree of the folders that images lie in, by their relative paths."""
    root = FolderTree()
    by_path = {"": root}
    for image in images:
        folder, _, _ = image.rpartition("/")
        node = by_path.get(folder)
        if node is None:
            node = root
            for part in folder.split("/"):
                node = node.folders.setdefault(part, FolderTree())
            by_path[folder] = node
        node.direct += 1
    return root


def draw_tree(tree: FolderTree, name: str) -> str:
    """Draw three levels of a tree as indented lines, each folder with the images below it."""
    lines = [f"  {name}/  {plural(tree.total(), 'image')}"]
    _draw(tree, 1, lines)
    return "\n".join(lines)


def _draw(tree: FolderTree, level: int, lines: list[str]) -> None:
    if level > _LEVELS:
        return
    indent = "  " * (level + 1)
    folders = sorted(tree.folders.items())
    if tree.direct and folders:
        lines.append(f"{indent}{plural(tree.direct, 'image')} directly in it")
    for name, below in folders[:_MOST_FOLDERS]:
        lines.append(f"{indent}{name}/  {below.total():,}")
        _draw(below, level + 1, lines)
    more = len(folders) - _MOST_FOLDERS
    if more > 0:
        lines.append(f"{indent}and {plural(more, 'more folder')}")
