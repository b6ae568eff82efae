"""The steps of a recipe: transforms, and picks that apply some of several."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from augbuild.recipe.values import Distribution, Value


@dataclass(frozen=True, slots=True)
class TransformStep:
    """A transform of the catalogue (`op`), and the values of its parameters.

    It is applied with probability `p`; a pick prefers it by its `weight`. `key` is its name and
    occurrence in the recipe (`blur#0`), which names its stream of random numbers.
    """

    op: str
    params: Mapping[str, Value]
    p: float
    weight: float
    key: str

    def to_json(self) -> dict[str, object]:
        """Return the step as a recipe would write it, defaults filled in.

        The keys are free-form, since each transform has parameters of its own.
        """
        written: dict[str, object] = {"op": self.op, "p": self.p, "weight": self.weight}
        for name, value in self.params.items():
            written[name] = value.to_json() if isinstance(value, Distribution) else value
        return written


@dataclass(frozen=True, slots=True)
class PickStep:
    """A pick of `count` entries by weight: some_of; `replace` lets it pick one twice.

    one_of is short for some_of = 1: both have the same key, and so the same draws.
    """

    count: int
    entries: tuple[Step, ...]
    replace: bool
    p: float
    weight: float
    key: str

    def to_json(self) -> dict[str, object]:
        """Return the step as a recipe would write it, defaults filled in."""
        return {
            "some_of": self.count,
            "replace": self.replace,
            "p": self.p,
            "weight": self.weight,
            "from": [entry.to_json() for entry in self.entries],
        }


Step = TransformStep | PickStep


def walk_steps(steps: Iterable[Step]) -> Iterator[Step]:
    """Walk over steps and all below them, in document order."""
    for step in steps:
        yield step
        if isinstance(step, PickStep):
            yield from walk_steps(step.entries)


def remove_step(steps: Iterable[Step], key: str) -> tuple[Step, ...]:
    """Return steps without one transform, wherever it stands.

    A pick that then has too few entries picks all that are left; one without any is removed.
    """
    kept: list[Step] = []
    for step in steps:
        if isinstance(step, TransformStep):
            if step.key != key:
                kept.append(step)
            continue
        entries = remove_step(step.entries, key)
        if entries:
            most = step.count if step.replace else len(entries)
            kept.append(replace(step, entries=entries, count=min(step.count, most)))
    return tuple(kept)


def is_allowed(step: Step, denied: Collection[str]) -> bool:
    """Check whether a class that denies some transforms can still have this step."""
    if isinstance(step, TransformStep):
        return step.op not in denied
    return any(is_allowed(entry, denied) for entry in step.entries)
