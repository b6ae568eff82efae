"""Everything that is wrong with one recipe, collected so that all of it is reported at once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from augbuild.core.text import join_key, nearest
from augbuild.core.toml_lines import find_lines
from augbuild.errors import RecipeError

_SHOWN_PROBLEMS = 50


class Problems:
    """The problems of one recipe, in the order in which they were found.

    `file` is its name in messages, `content` its text, where the lines of keys are looked up.
    """

    def __init__(self, file: str, content: str = "") -> None:
        self.file = file
        self.count = 0
        self._content = content
        self._messages: list[str] = []

    @property
    def is_full(self) -> bool:
        """Check whether further problems are only counted: then a hint, which is slow, is lost."""
        return self.count >= _SHOWN_PROBLEMS

    @cached_property
    def line_of(self) -> Mapping[str, int]:
        """Return the line of each key path; only a recipe with problems is searched for them."""
        return find_lines(self._content)

    def add(self, message: str) -> None:
        """Record a problem by its message, which names file, line and key."""
        self.count += 1
        # A hostile recipe may hold a million mistakes; its error must still fit on a screen.
        if self.count <= _SHOWN_PROBLEMS:
            self._messages.append(message)

    def suggest(self, word: str, known: Collection[str], plural: str) -> str:
        """Return a hint for an unknown word: the known one that was probably meant, or all."""
        if not self.is_full:
            near = nearest(word, known)
            if near:
                return f'did you mean "{near}"?'
        return f"known {plural}: {', '.join(sorted(known))}"

    def messages(self) -> list[str]:
        """Return the message of each problem, and one more that counts those not kept."""
        messages = list(self._messages)
        hidden = self.count - len(messages)
        if hidden:
            messages.append(f"{self.file}: and {hidden:,} more problems")
        return messages

    def raise_if_any(self) -> None:
        """Raise RecipeError with a line for each problem."""
        if self.count:
            raise RecipeError("\n".join(self.messages()))


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a recipe: its key path, such as `transforms[2].degrees`, within another place."""

    path: str
    problems: Problems
    outer: Place | None = None

    def at(self, key: str | int) -> Place:
        """Return the place of a key of this table, or of an item of this list."""
        return Place(join_key(self.path, key), self.problems, self)

    def __str__(self) -> str:
        """Return the place as messages begin with it: `x.toml:14: transforms[2].degrees`."""
        file = self.problems.file
        place: Place | None = self
        while place is not None:
            line = self.problems.line_of.get(place.path)
            if line is not None:
                return f"{file}:{line}: {self.path}"
            place = place.outer  # a key that is missing is on no line, but its table is
        return f"{file}: {self.path}"

    def add(self, message: str) -> None:
        """Record that the value here is wrong."""
        # What is only counted needs no line, and a million of them no time.
        self.problems.add("" if self.problems.is_full else f"{self} {message}")

    def add_unknown_keys(self, keys: Iterable[str], known: Collection[str]) -> None:
        """Record each key of the table here that is not a known one."""
        for key in keys:
            if key not in known:
                hint = self.problems.suggest(key, known, "keys")
                self.at(key).add(f"is an unknown key; {hint}")
