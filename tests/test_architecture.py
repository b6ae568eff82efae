"""Imports point down, libraries enter by their doors, commands start without what they need not.

`python -m tests.test_architecture` prints the diagram of docs/architecture.md.
"""

from __future__ import annotations

import ast
import graphlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

# Packages from the bottom up; one imports from lower lines only, never from its own line.
LAYERS = (
    "augbuild.errors",
    "augbuild.core",
    "augbuild.catalogue trainer.statistics",
    "augbuild.sources",
    "augbuild.pixels augbuild.recipe",
    "augbuild.similarity augbuild.dataset",
    "augbuild.planning trainer.data trainer.figures",
    "augbuild.building augbuild.checking augbuild.starting trainer.training",
    "augbuild.cli trainer.comparison",
    "augbuild.__init__ augbuild.__main__ trainer.report",
    "trainer.library",
    "trainer.cli",
    "trainer.__init__ trainer.__main__",
)

# What trainer may take from augbuild, package by package; `errors` and `core` are everyone's.
CROSSINGS = {
    "trainer.data": {"augbuild.dataset", "augbuild.pixels", "augbuild.sources"},
    "trainer.figures": {"augbuild.dataset"},
    "trainer.comparison": {
        "augbuild.building", "augbuild.dataset", "augbuild.pixels", "augbuild.planning",
        "augbuild.recipe", "augbuild.similarity",
    },
    "trainer.report": {"augbuild.pixels"},
    "trainer.cli": {"augbuild.cli"},
}  # fmt: skip
EVERYONES = {"augbuild.errors", "augbuild.core"}

# Each library that is not Python's own, and where it may enter: a module, or a package with a dot
# at its end. sqlite3 is one for its weight.
DOORS = {
    "PIL": {"augbuild.pixels.", "augbuild.dataset.chart", "augbuild.dataset.versions",
            "augbuild.building.worker", "trainer.data.decode"},
    "accelerate": {"trainer.training.device", "trainer.training.loop"},
    "augly": {"augbuild.pixels.exact.reference"},
    "click": {"augbuild.cli.", "trainer.cli."},
    "datasets": {"augbuild.sources.hubs.hugging_face"},
    "filelock": {"augbuild.core.files"},
    "fsspec": {"augbuild.sources.hubs.streams"},
    "jinja2": {"augbuild.dataset.about.card", "trainer.report.report"},
    "joblib": {"augbuild.core.processes.loky", "augbuild.core.pool"},
    "kagglehub": {"augbuild.sources.hubs.kaggle"},
    "magic": {"augbuild.pixels.exact.reference"},
    "matplotlib": {"augbuild.dataset.chart", "augbuild.dataset.sheet", "trainer.figures."},
    "numba": {"augbuild.pixels.compiled.compiler"},
    "onnxruntime": {"trainer.training.export"},
    "pickle": {"trainer.training.checkpoint"},  # the exception of torch.load, no loading
    "pillow_heif": {"augbuild.pixels.codec"},
    "pyarrow": {"augbuild.sources.tables.parquet"},
    "safetensors": {"trainer.training.checkpoint"},
    "scipy": {"trainer.statistics."},
    "sklearn": {"augbuild.sources.demo", "trainer.statistics.metrics"},
    "sqlite3": {"augbuild.dataset.state"},
    "torch": {"trainer.data.pixels", "trainer.training."},
    "torchvision": {"trainer.training.model"},
    "tqdm": {"augbuild.core.progress"},
}  # fmt: skip

# What may not wait for numpy is named at the end of this file; documents are made of msgspec.
EVERYWHERE = {"msgspec", "numpy"}

NEVER = {"cloudpickle", "dill", "marshal", "pickle", "shelve"}  # loading what they write runs code


def modules() -> dict[str, Path]:
    """Find every module of the two packages, by its full name."""
    found = {}
    for package in ("augbuild", "trainer"):
        for path in sorted((REPOSITORY / package).rglob("*.py")):
            parts = path.relative_to(REPOSITORY).with_suffix("").parts
            is_face = parts[-1] == "__init__" and len(parts) > 2
            found[".".join(parts[:-1] if is_face else parts)] = path
    return found


MODULES = modules()
TREES = {
    name: ast.parse(path.read_text(encoding="utf-8"), str(path)) for name, path in MODULES.items()
}


def imported(module: str) -> Iterator[str]:
    """Find the full name of each module that `module` imports, for type checking too."""
    for node in ast.walk(TREES[module]):
        match node:
            case ast.Import():
                yield from (alias.name for alias in node.names)
            case ast.ImportFrom(level=0, module=str(source)):
                for alias in node.names:
                    name = f"{source}.{alias.name}"
                    yield name if name in MODULES else source
            case ast.ImportFrom():
                raise AssertionError(f"{module} imports relatively; write the whole name")
            case ast.Call(
                func=ast.Name("__import__" | "import_module") | ast.Attribute(attr="import_module")
            ):
                assert isinstance(node.args[0], ast.Constant), (
                    f"{module} imports what its source does not say"
                )
                yield str(node.args[0].value)


def package_of(module: str) -> str:
    """Name the package of a module as LAYERS does: its first two parts."""
    parts = module.split(".")
    return ".".join([*parts, "__init__"][:2])


EDGES = sorted({(module, name) for module in MODULES for name in imported(module)})
OWN_EDGES = [
    (module, name) for module, name in EDGES if name.split(".")[0] in {"augbuild", "trainer"}
]
DEPTH = {package: depth for depth, line in enumerate(LAYERS) for package in line.split()}


def test_every_package_has_its_place_and_every_place_its_package() -> None:
    assert {package_of(module) for module in MODULES} == DEPTH.keys()


def test_imports_point_down() -> None:
    wrong = []
    for module, name in OWN_EDGES:
        above, below = package_of(module), package_of(name)
        if above != below and DEPTH.get(below, 99) >= DEPTH[above]:
            wrong.append(f"{module} -> {name}")
    assert not wrong


def test_imports_have_no_cycle() -> None:
    graph = graphlib.TopologicalSorter[str]()
    for module, name in OWN_EDGES:
        graph.add(module, name)
    graph.prepare()  # raises CycleError


def test_packages_cross_only_where_agreed() -> None:
    wrong = []
    for module, name in OWN_EDGES:
        above, below = package_of(module), package_of(name)
        if above.split(".")[0] == below.split(".")[0] or below in EVERYONES:
            continue
        if below not in CROSSINGS.get(above, set()):
            wrong.append(f"{module} -> {name}")
    assert not wrong


def imports_of_packages() -> dict[str, set[str]]:
    """Return what each package imports, without what everyone may import."""
    found: dict[str, set[str]] = {package: set() for package in DEPTH if package not in EVERYONES}
    for module, name in OWN_EDGES:
        above, below = package_of(module), package_of(name)
        if above != below and above in found and below in found:
            found[above].add(below)
    return found


def reachable(package: str, arrows: dict[str, set[str]]) -> set[str]:
    """Find the packages that arrows lead to from a package, over any number of steps."""
    found: set[str] = set()
    waiting = [package]
    while waiting:
        for below in arrows.get(waiting.pop(), set()) - found:
            found.add(below)
            waiting.append(below)
    return found


def drawn_arrows() -> dict[str, set[str]]:
    """Read the arrows of the diagram in docs/architecture.md."""
    text = (REPOSITORY / "docs" / "architecture.md").read_text(encoding="utf-8")
    found: dict[str, set[str]] = {}
    for above, below in re.findall(r"^ +([\w.]+) --> ([\w.]+)$", text, flags=re.MULTILINE):
        found.setdefault(above, set()).add(below)
    return found


def test_diagram_shows_the_imports() -> None:
    imports, drawn = imports_of_packages(), drawn_arrows()
    for package in imports.keys() | drawn.keys():
        assert drawn.get(package, set()) <= imports.get(package, set()), (
            f"{package}: no such import"
        )
        assert imports[package] <= reachable(package, drawn), f"{package}: an import is not drawn"


def may_enter(module: str, library: str) -> bool:
    """Check whether a module is a door of a library, or lies in a package that is one."""
    doors = DOORS.get(library, set())
    return module in doors or any(
        door.endswith(".") and f"{module}.".startswith(door) for door in doors
    )


def test_each_library_enters_by_its_doors() -> None:
    foreign = set()
    for module, name in EDGES:
        if (module, name) not in OWN_EDGES:
            foreign.add((module, name.split(".")[0]))
    free = EVERYWHERE | (sys.stdlib_module_names - DOORS.keys() - NEVER)
    wrong = []
    for module, library in sorted(foreign):
        if library not in free and not may_enter(module, library):
            wrong.append(f"{module} imports {library}")
    assert not wrong
    assert not DOORS.keys() - {library for _, library in foreign}, "a door that no one uses"


HELP = "import {0}.cli as cli; cli.main(['--help'], standalone_mode=False)"
COMMAND = "import augbuild.cli as cli; cli.main([{0!r}, 'default'], standalone_mode=False)"
HEAVY = {"augly", "jinja2", "joblib", "magic", "matplotlib", "torch"}


@pytest.mark.parametrize(
    ("program", "absent"),
    [
        (HELP.format("augbuild"), {*HEAVY, "PIL", "numpy", "sqlite3", "tqdm"}),
        (HELP.format("trainer"), {*HEAVY, "PIL", "accelerate", "scipy", "sklearn", "torchvision"}),
        (COMMAND.format("check"), HEAVY),
        (COMMAND.format("plan"), HEAVY - {"joblib"}),  # it looks for near-duplicates, on all cores
        (
            "import augbuild.dataset.manifest, augbuild.catalogue.transforms\n"
            "import augbuild.recipe.load, augbuild.catalogue.assets",
            {*HEAVY, "PIL", "numpy"},
        ),
        (
            "import augbuild.sources.open, augbuild.planning.sampling, augbuild.planning.split",
            {*HEAVY, "PIL"},
        ),
        ("import augbuild.building.build, augbuild.planning.plan, augbuild.building.worker", HEAVY),
    ],
    ids=["augbuild --help", "trainer --help", "check", "plan", "recipe", "sources", "build"],
)
def test_starts_without_heavy_libraries(program: str, absent: set[str], tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-c",
        f"{program}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))",
    ]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60
    )
    loaded = set(json.loads(done.stdout.splitlines()[-1]))
    assert any(name.startswith(("augbuild.", "trainer.")) for name in loaded)
    assert not absent & loaded


def print_diagram() -> None:
    """Print the arrows of the diagram: of each import, what no longer way shows already."""
    arrows = imports_of_packages()
    print("flowchart TD")
    for package in reversed(DEPTH):
        direct = arrows.get(package, set())
        for below in sorted(direct):
            if not any(below in reachable(other, arrows) for other in direct):
                print(f"    {package} --> {below}")


if __name__ == "__main__":
    print_diagram()
