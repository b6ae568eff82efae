"""Everything that is wrong with one recipe, collected so that all of it is reported at once."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from augbuild.core.text import join_key, nearest
from augbuild.errors import RecipeError

_SHOWN_PROBLEMS = 50


class Problems:
    """The problems of one recipe, in the order in which they were found."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.count = 0
        self._lines: list[str] = []

    @property
    def is_full(self) -> bool:
        """Check whether further problems are only counted: then a hint, which is slow, is lost."""
        return self.count >= _SHOWN_PROBLEMS

    def add(self, path: str, message: str) -> None:
        """Record that the value at the key path `path` is wrong."""
        self.count += 1
        # A hostile recipe may hold a million mistakes; its error must still fit on a screen.
        if self.count <= _SHOWN_PROBLEMS:
            self._lines.append(f"{self.file}: {path} {message}")

    def suggest(self, word: str, known: Collection[str], plural: str) -> str:
        """Return a hint for an unknown word: the known one that was probably meant, or all."""
        if not self.is_full:
            near = nearest(word, known)
            if near:
                return f'did you mean "{near}"?'
        return f"known {plural}: {', '.join(sorted(known))}"

    def raise_if_any(self) -> None:
        """Raise RecipeError with a line for each problem."""
        if not self.count:
            return
        lines = list(self._lines)
        hidden = self.count - len(lines)
        if hidden:
            lines.append(f"{self.file}: and {hidden:,} more problems")
        raise RecipeError("\n".join(lines))


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a recipe: its key path, such as `transforms[2].degrees`."""

    path: str
    problems: Problems

    def at(self, key: str | int) -> Place:
        """Return the place of a key of this table, or of an item of this list."""
        return Place(join_key(self.path, key), self.problems)

    def add(self, message: str) -> None:
        """Record that the value here is wrong."""
        self.problems.add(self.path, message)

    def add_unknown_keys(self, keys: Iterable[str], known: Collection[str]) -> None:
        """Record each key of the table here that is not a known one."""
        for key in keys:
            if key not in known:
                hint = self.problems.suggest(key, known, "keys")
                self.at(key).add(f"is an unknown key; {hint}")
