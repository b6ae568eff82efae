"""The house rules, held: which way imports point, which door each library has, how long anything may be."""

from __future__ import annotations

import ast
import graphlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

# From the top down; a module imports from lower lines only. A package stands for all its modules, which may import
# each other without a cycle. A module that is not here fails a test, so that someone decides where it belongs.
LAYERS = {
    "augbuild": (
        "__main__",
        "cli",
        "__init__",
        "explain foresee replay verify",
        "build",
        "describe tree",
        "inventory space",
        "changes report worker",
        "output plan progress state versions",
        "apply duplicates sample split",
        "fingerprints recipe sources",
        "nodes",
        "draws",
        "assets fastpaths images manifest parallel redrawn schema sizes toml",
        "signals transforms",
        "errors",
    ),
    "trainer": (
        "__main__",
        "cli",
        "__init__",
        "ablate",
        "compare evaluate report",
        "gallery",
        "campaign figures outcome",
        "arms contrast fit flips",
        "design engine result",
        "power verdict",
        "config data guards hardware looks metrics model order plots runs sample_size scores tables",
        "canvas fields options samples stats",
        "errors",
    ),
}

# What trainer may take from augbuild, and where.
CROSSINGS = {
    "data": {"errors", "images", "parallel", "progress"},
    "tables": {"errors", "manifest", "sources"},
    "cli": {"errors"},
    "evaluate": {"errors"},
    "ablate": {"build", "manifest", "nodes", "recipe"},
    "campaign": {"parallel", "progress"},
    "canvas": {"report.page"},
    "compare": {"parallel"},
    "figures.flipped": {"report.page"},
    "flips": {"errors", "images"},
    "guards": {"duplicates", "parallel"},
    "looks": {"manifest"},
    "plots": {"report.page"},
    "report": {"report.card", "report.names"},
}

# Each library that is not Python's own, and the modules that may import it; sqlite3 is one for its weight.
DOORS = {
    "PIL": {"augbuild.apply", "augbuild.fastpaths", "augbuild.images", "augbuild.redrawn", "augbuild.report.counts",
            "augbuild.versions", "augbuild.worker", "trainer.data"},
    "accelerate": {"trainer.engine", "trainer.hardware"},
    "augly": {"augbuild.apply"},
    "click": {"augbuild.cli", "trainer.cli", "trainer.options"},
    "filelock": {"augbuild.output"},
    "jinja2": {"augbuild.report.card", "trainer.report"},
    "joblib": {"augbuild.parallel"},
    "magic": {"augbuild.apply"},
    "matplotlib": {"augbuild.report.counts", "augbuild.report.page", "trainer.canvas", "trainer.figures.deltas",
                   "trainer.figures.flipped", "trainer.figures.learning", "trainer.figures.power",
                   "trainer.figures.slopes", "trainer.plots"},
    "onnxruntime": {"trainer.model"},
    "pyarrow": {"trainer.tables"},
    "safetensors": {"trainer.model"},
    "scipy": {"trainer.sample_size", "trainer.stats"},
    "sklearn": {"trainer.metrics"},
    "sqlite3": {"augbuild.state"},
    "torch": {"trainer.data", "trainer.engine", "trainer.hardware", "trainer.model"},
    "torchvision": {"trainer.model"},
    "tqdm": {"augbuild.progress"},
}  # fmt: skip

EVERYWHERE = {"numpy"}  # what may not wait for it is named at the end of this file

NEVER = {"cloudpickle", "dill", "marshal", "pickle", "shelve"}  # loading what they write runs code

VAGUE_NAMES = {"base", "common", "helpers", "misc", "util", "utils"}

LONGEST_FUNCTION, LONGEST_MODULE = 40, 250
PURE_DATA = {"augbuild.transforms": "the catalogue: one entry for each transform and parameter"}


def modules() -> dict[str, Path]:
    """Find every module of the two packages, by its full name."""
    found = {}
    for package in LAYERS:
        for path in sorted((REPOSITORY / package).rglob("*.py")):
            parts = path.relative_to(REPOSITORY).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 2 else parts)] = path
    return found


MODULES = modules()
TREES = {name: ast.parse(path.read_text(encoding="utf-8"), str(path)) for name, path in MODULES.items()}


def imported(module: str) -> Iterator[str]:
    """Give the full name of each module that `module` imports anywhere in it, for type checking too."""
    for node in ast.walk(TREES[module]):
        match node:
            case ast.Import():
                yield from (alias.name for alias in node.names)
            case ast.ImportFrom(level=0, module=str(source)):
                for alias in node.names:
                    name = f"{source}.{alias.name}"
                    yield name if name in MODULES else f"{source}.__init__" if source in LAYERS else source
            case ast.ImportFrom():
                raise AssertionError(f"{module} imports relatively; write the whole name")
            case ast.Call(func=ast.Name("__import__" | "import_module") | ast.Attribute(attr="import_module")):
                assert isinstance(node.args[0], ast.Constant), f"{module} imports what its source does not say"
                yield str(node.args[0].value)


def unit(module: str) -> tuple[str, str]:
    """Split a module's name into its package and its place in LAYERS."""
    package, _, rest = module.partition(".")
    return package, rest.split(".")[0] or "__init__"


EDGES = sorted({(module, name) for module in MODULES for name in imported(module)})
OWN_EDGES = [(module, name) for module, name in EDGES if unit(name)[0] in LAYERS]


def test_every_module_has_its_place_and_every_place_its_module() -> None:
    placed = {(package, name) for package, layers in LAYERS.items() for layer in layers for name in layer.split()}
    assert {unit(module) for module in MODULES} == placed


def test_imports_point_down() -> None:
    depth = {
        (package, name): number
        for package, layers in LAYERS.items()
        for number, layer in enumerate(layers)
        for name in layer.split()
    }
    wrong = [
        f"{module} -> {name}"
        for module, name in OWN_EDGES
        if unit(module)[0] == unit(name)[0] and unit(module) != unit(name)
        if depth.get(unit(name), -1) <= depth.get(unit(module), 99)  # what has no place points nowhere rightly
    ]
    assert not wrong


def test_imports_have_no_cycle() -> None:
    graph = graphlib.TopologicalSorter[str]()
    for module, name in OWN_EDGES:
        graph.add(module, name)
    graph.prepare()  # raises CycleError


def test_packages_cross_only_where_agreed() -> None:
    crossings = {(module, name) for module, name in OWN_EDGES if unit(module)[0] != unit(name)[0]}
    assert {f"{module} -> {name}" for module, name in crossings if unit(module)[0] == "augbuild"} == set()
    allowed = {(f"trainer.{module}", f"augbuild.{name}") for module, names in CROSSINGS.items() for name in names}
    assert crossings <= allowed


def test_each_library_enters_by_its_doors() -> None:
    foreign = {(module, name.split(".")[0]) for module, name in EDGES if unit(name)[0] not in LAYERS}
    free = EVERYWHERE | (sys.stdlib_module_names - DOORS.keys() - NEVER)
    wrong = [
        f"{module} imports {library}"
        for module, library in sorted(foreign)
        if library not in free and module not in DOORS.get(library, ())
    ]
    assert not wrong
    assert not DOORS.keys() - {library for _, library in foreign}, "a door that no one uses"


def test_functions_fit_on_a_screen() -> None:
    long = [
        f"{module}.{node.name}: {lines}"
        for module, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := (node.end_lineno or 0) - node.lineno + 1) > LONGEST_FUNCTION
    ]
    assert not long


def test_modules_are_short_or_pure_data() -> None:
    lines = {module: len(path.read_text(encoding="utf-8").splitlines()) for module, path in MODULES.items()}
    assert {module for module, count in lines.items() if count > LONGEST_MODULE} == PURE_DATA.keys()


def test_names_say_what_is_inside() -> None:
    assert not [module for module in MODULES if VAGUE_NAMES.intersection(module.split("."))]


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
        ("import augbuild.manifest, augbuild.transforms, augbuild.recipe, augbuild.assets", {*HEAVY, "PIL", "numpy"}),
        ("import augbuild.sources, augbuild.sample, augbuild.split", {*HEAVY, "PIL"}),
        ("import augbuild.build, augbuild.plan, augbuild.worker", HEAVY),
    ],
    ids=["augbuild --help", "trainer --help", "check", "plan", "recipe", "sources", "build"],
)
def test_starts_without_heavy_libraries(program: str, absent: set[str], tmp_path: Path) -> None:
    command = [sys.executable, "-c", f"{program}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60)
    loaded = set(json.loads(done.stdout.splitlines()[-1]))
    assert any(name.startswith(("augbuild.", "trainer.")) for name in loaded)
    assert not absent & loaded
