"""Measure how the code reads, in numbers that can be compared with other codebases: `make figures`.

    python benchmarks/figures.py augbuild trainer
    python benchmarks/figures.py augbuild/planning      # one package, while you work on it

Numbers catch squeezing, not bad prose: they have limits (LIMITS), which tests/test_architecture.py
holds, because code that is read often was once made to fit its other limits by being dense.
Lines are lines of code: neither blank, nor a comment, nor a docstring.
"""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

# What well-read codebases keep to (httpx, pre-commit, doc2dash, torchvision's datasets).
LIMITS = {
    "modules in the fullest folder": "at most 10",
    "syntax nodes per line": "below 8.5",
    "comprehensions per 1,000 lines": "at most 31",
    "private functions called once, %": "below 25",
    "dict[str, Any] in public signatures": "at most 0",
    "odd docstrings": "at most 0",
    "comments per 100 lines": "at least 3.4",
    "nested comprehensions": "at most 0",
    "nested conditional expressions": "at most 0",
    "lines of the longest function": "at most 40",
}

ODD_DOCSTRING = re.compile(r"(Give|Tell|Say|Hold|Let|Hand)s?\b")
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass
class Measurement:
    """What is counted over some modules; in the lists, where each case stands."""

    modules: Counter[Path] = field(default_factory=Counter)
    nodes: int = 0
    lines: int = 0
    comments: int = 0
    comprehensions: int = 0
    docstrings: int = 0
    functions: list[tuple[int, str]] = field(default_factory=list)
    called_once: list[str] = field(default_factory=list)
    odd_docstrings: list[str] = field(default_factory=list)
    untyped: list[str] = field(default_factory=list)
    nested_comprehensions: list[str] = field(default_factory=list)
    nested_conditionals: list[str] = field(default_factory=list)

    def figures(self) -> dict[str, float]:
        """Return the figures that have limits, by the names that LIMITS has."""
        longest = max(self.functions, default=(0, ""))
        return {
            "modules in the fullest folder": max(self.modules.values(), default=0),
            "syntax nodes per line": self.nodes / max(self.lines, 1),
            "comprehensions per 1,000 lines": 1000 * self.comprehensions / max(self.lines, 1),
            "private functions called once, %": (
                100 * len(self.called_once) / max(len(self.functions), 1)
            ),
            "dict[str, Any] in public signatures": len(self.untyped),
            "odd docstrings": len(self.odd_docstrings),
            "comments per 100 lines": 100 * self.comments / max(self.lines, 1),
            "nested comprehensions": len(self.nested_comprehensions),
            "nested conditional expressions": len(self.nested_conditionals),
            "lines of the longest function": longest[0],
        }

    def add(self, path: Path) -> None:
        """Count one module in."""
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text)
        if not path.name.startswith("__"):
            self.modules[path.parent] += 1
        tokens = tokenize.generate_tokens(io.StringIO(text).readline)
        self.comments += sum(token.type == tokenize.COMMENT for token in tokens)
        self.lines += lines_of_code(text, tree)
        uses = Counter(names_used(tree))
        for node in ast.walk(tree):
            self.nodes += 1
            self.add_node(node, path, uses)

    def add_node(self, node: ast.AST, path: Path, uses: Counter[str]) -> None:
        """Count one node in; `uses` is how often its module names each name."""
        place = f"{path}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, COMPREHENSIONS):
            self.comprehensions += 1
            if holds_another(node, COMPREHENSIONS):
                self.nested_comprehensions.append(place)
        if isinstance(node, ast.IfExp) and holds_another(node, (ast.IfExp,)):
            self.nested_conditionals.append(place)
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            docstring = ast.get_docstring(node)
            self.docstrings += docstring is not None
            if docstring and ODD_DOCSTRING.match(docstring):
                self.odd_docstrings.append(f"{place} {node.name}: {docstring.splitlines()[0]}")
        if isinstance(node, FUNCTIONS):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            self.functions.append((length, f"{place} {node.name}"))
            private = node.name.startswith("_") and not node.name.startswith("__")
            if private and uses[node.name] == 1:
                self.called_once.append(f"{place} {node.name}")
            if not node.name.startswith("_") and takes_untyped(node):
                self.untyped.append(f"{place} {node.name}")


def names_used(tree: ast.AST) -> Iterator[str]:
    """Yield each name that a module reads, and each attribute."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr


def lines_of_code(text: str, tree: ast.AST) -> int:
    """Count the lines that are neither blank, nor a comment, nor part of a docstring."""
    prose: set[int] = set()
    for node in ast.walk(tree):
        if not isinstance(node, (*FUNCTIONS, ast.ClassDef, ast.Module)):
            continue
        if ast.get_docstring(node, clean=False) is not None:
            prose.update(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))
    count = 0
    for number, line in enumerate(text.splitlines(), 1):
        is_code = line.strip() and not line.strip().startswith("#")
        count += bool(is_code) and number not in prose
    return count


def holds_another(node: ast.AST, kinds: tuple[type[ast.AST], ...]) -> bool:
    """Check whether a node has another of these kinds anywhere inside."""
    return any(isinstance(inner, kinds) for inner in ast.walk(node) if inner is not node)


def takes_untyped(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Check whether a signature has a dictionary of text to anything."""
    arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    annotations = [argument.annotation for argument in arguments]
    for annotation in (*annotations, node.returns):
        if annotation is not None and re.search(
            r"(dict|Mapping)\[str, Any\]", ast.unparse(annotation)
        ):
            return True
    return False


def measure(*paths: Path) -> Measurement:
    """Count over modules, and over all modules below folders."""
    found = Measurement()
    for path in paths:
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            found.add(file)
    return found


def within(value: float, limit: str) -> bool:
    """Check a figure against a limit of LIMITS."""
    sense, _, number = limit.rpartition(" ")
    if sense == "below":
        return value < float(number)
    if sense == "at least":
        return value >= float(number)
    return value <= float(number)


def main() -> None:
    """Print the figures of each path, and where to look for what is over its limit."""
    named = sys.argv[1:] or ["augbuild", "trainer"]
    measured = [measure(ROOT / name) for name in named]
    print(f"{'':36}{'limit':>14}", *(f"{name:>14}" for name in named))
    for name, limit in LIMITS.items():
        row = ""
        for found in measured:
            value = found.figures()[name]
            row += f" {value:>12.4g}{' ' if within(value, limit) else '!'} "
        print(f"{name:36}{limit:>14}{row}")
    for label in ("lines", "functions", "docstrings"):
        values = [getattr(found, label) for found in measured]
        counts = (len(value) if isinstance(value, list) else value for value in values)
        print(f"{label:36}{'':>14}", *(f"{count:>12}  " for count in counts))
    for found in measured:
        print()
        for kind in ("nested_comprehensions", "nested_conditionals", "untyped", "odd_docstrings"):
            for place in getattr(found, kind):
                print(f"{kind.replace('_', ' ')}: {place.removeprefix(f'{ROOT}/')}")
        for length, place in sorted(found.functions, reverse=True)[:3]:
            print(f"long function: {place.removeprefix(f'{ROOT}/')}, {length} lines")


if __name__ == "__main__":
    main()
