"""One table both trains and augments, in every shape that tables come in."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from augbuild.building.build import build
from augbuild.recipe.load import load_recipe
from augbuild.sources.dataset import Columns, SourceOptions
from augbuild.sources.open import open_source
from tests.trainer.fixtures import FAST_ARCH, TINY
from trainer import library
from trainer.training.config import make_config
from trainer.training.fit import choose_samples

Rows = list[tuple[str, str, str]]
Shape = Callable[[Path, Rows], str]


def text(name: str, head: str, line: str, encoding: str = "utf-8") -> Shape:
    """Return what writes a table of text: `line` has {path}, {stem}, {label}, {index}, {split}."""

    def write(root: Path, rows: Rows) -> str:
        lines = [head] if head else []
        for path, label, split in rows:
            cat, test = label == "cat", split == "test"
            values = {
                "path": path, "stem": Path(path).stem, "label": label, "split": split,
                "index": int(cat), "dog": int(not cat), "test": test, "train": not test,
                "SPLIT": split.upper(), "back": path.replace("/", "\\"),
                "number": 1 + int(cat),
            }  # fmt: skip
            lines.append(line.format(**values))
        (root / name).write_text("\n".join(lines) + "\n", encoding=encoding)
        return name

    return write


def as_array(root: Path, rows: Rows) -> str:
    found = [{"image": path, "species": label, "set": split} for path, label, split in rows]
    (root / "t.json").write_text(json.dumps(found))
    return "t.json"


def as_mapping(root: Path, rows: Rows) -> str:
    (root / "t.json").write_text(json.dumps({path: label for path, label, _ in rows}))
    return "t.json"


def as_parquet(root: Path, rows: Rows) -> str:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    columns = [{"path": path, "breed": label, "split": split} for path, label, split in rows]
    parquet.write_table(pyarrow.Table.from_pylist(columns), root / "t.parquet")
    return "t.parquet"


def as_hugging_face(root: Path, rows: Rows) -> str:
    """Write the images into the table, the labels as numbers with names in the metadata."""
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    columns = []
    for path, label, split in rows:
        image = {"bytes": (root / path).read_bytes(), "path": Path(path).name}
        columns.append({"image": image, "label": int(label == "dog"), "split": split})
        (root / path).unlink()
    names = {"info": {"features": {"label": {"names": ["cat", "dog"], "_type": "ClassLabel"}}}}
    table = pyarrow.Table.from_pylist(columns)
    table = table.replace_schema_metadata({"huggingface": json.dumps(names)})
    parquet.write_table(table, root / "t.parquet")
    return "t.parquet"


def per_split(name: str, head: str, line: str) -> Shape:
    """Return what writes a table into each split folder."""

    def write(root: Path, rows: Rows) -> str:
        for split in ("train", "test"):
            lines = [head] if head else []
            for path, label, own in rows:
                if own == split:
                    inner = path.removeprefix(f"{split}/")
                    cat = int(label == "cat")
                    lines.append(line.format(path=inner, label=label, cat=cat, dog=1 - cat))
            (root / split / name).write_text("\n".join(lines) + "\n")
        return ""

    return write


SHAPES: dict[str, Shape] = {
    "comma": text("t.csv", "path,label,split", "{path},{label},{split}"),
    "semicolon": text("t.csv", "Filename;Class;Set", "{path};{label};{split}"),
    "pipe": text("t.csv", "img_path|target|subset", "{path}|{label}|{split}"),
    "tab": text("t.tsv", "image\tdiagnosis\tpartition", "{path}\t{label}\t{split}"),
    "bom": text("t.csv", "file,category,split", "{path},{label},{split}", "utf-8-sig"),
    "utf-16": text("t.csv", "file,category,split", "{path},{label},{split}", "utf-16"),
    "latin-1": text("t.csv", "file,Espèce,split", "{path},{label},{split}", "latin-1"),
    "boolean": text("t.csv", "fname,label,is_test", "{path},{label},{test}"),
    "is_train": text("t.csv", "name,y,is_train", "{path},{label},{train:d}"),
    "one-hot": text("t.csv", "filename, cat, dog,split", "{path},{index},{dog},{split}"),
    "one-hot floats": text("t.csv", "image,cat,dog,split", "{path},{index}.0,{dog}.0,{split}"),
    "list": text("t.txt", "", "{path} {label}"),
    "list without header": text("t.csv", "", "{path},{label}"),
    "automl": text("t.csv", "", "{SPLIT},gs://bucket/data/{path},{label}"),
    "backslashes": text("t.csv", "path,label,split", "{back},{label},{split}"),
    "json lines": text("t.jsonl", "", '{{"path":"{path}","label":"{label}","split":"{split}"}}'),
    "json array": as_array,
    "json mapping": as_mapping,
    "parquet": as_parquet,
    "parquet with images": as_hugging_face,
    "metadata.jsonl": per_split("metadata.jsonl", "", '{{"file_name":"{path}","label":"{label}"}}'),
    "metadata.csv": per_split("metadata.csv", "file_name,label", "{path},{label}"),
    "_classes.csv": per_split("_classes.csv", "filename, cat, dog", "{path},{cat},{dog}"),
    "_annotations.csv": per_split(
        "_annotations.csv", "filename,width,height,class,xmin", "{path},9,9,{label},1\n"
        "{path},9,9,{label},5",
    ),
}  # fmt: skip


def images(root: Path) -> Rows:
    """Make ten pictures of two classes in two split folders, whose names tell nothing else."""
    rows = []
    for number in range(10):
        split = "test" if number < 4 else "train"
        label = "cat" if number % 2 else "dog"
        path = f"{split}/{number:02d}.png"
        (root / split).mkdir(parents=True, exist_ok=True)
        colour = (20 * number, 250 - 20 * number, 40 + 90 * (number % 2))
        Image.effect_noise((24, 24), 90).convert("RGB").save(root / path)
        Image.blend(Image.open(root / path), Image.new("RGB", (24, 24), colour), 0.5).save(
            root / path
        )
        rows.append((path, label, split))
    return rows


RECIPE = """
name = "tables"
[source]
path = {path}
{options}
[split]
group = "none"
[output]
path = "../out"
[augment]
variants = 1
[[transforms]]
op = "hflip"
"""


@pytest.mark.parametrize("shape", SHAPES)
def test_what_trains_augments(tmp_path: Path, shape: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = tmp_path / "data"
    rows = images(root)
    table = root / SHAPES[shape](root, rows)

    source = open_source(str(table), tmp_path)
    assert sorted(each.label for each in source.sources) == ["cat"] * 5 + ["dog"] * 5
    assert source.rejected == ()

    config = make_config({**TINY, "manifest": str(table)})
    chosen = choose_samples(config)
    splits = {"train": 10, "test": 0}
    if source.is_split:
        splits = {"train": 6, "test": 4}
    assert {"train": len(chosen.train), "test": len(chosen.test)} == splits
    by_label = {
        Path(each.name.replace("\\", "/")).name: each.label for each in chosen.table.samples
    }
    assert by_label == {Path(path).name: label for path, label, _ in rows}

    recipes = tmp_path / "recipes"
    recipes.mkdir()
    recipe = recipes / "r.toml"
    recipe.write_text(RECIPE.format(path=json.dumps(str(table)), options=""))
    report = build(load_recipe(recipe), n_jobs=1)
    built = [json.loads(line) for line in (report.out / "manifest.jsonl").read_text().splitlines()]
    originals = [row for row in built if row["origin"] != "augmented"]
    assert len(originals) == 10
    assert not report.rejected
    if source.is_split:
        assert sum(row["split"] == "test" for row in originals) == 4


def test_options_mean_the_same_in_recipe_and_configuration(tmp_path: Path) -> None:
    root = tmp_path / "data"
    rows = images(root)
    (root / "labels").mkdir()
    write = text("t.csv", "key;value;part;owner", "{stem};{number};{split};{index}")
    table = root / "labels" / write(root / "labels", rows)
    (root / "map.json").write_text('{"1": "dog", "2": "cat"}')
    # Both splits lie in one folder here.
    for path, _, _ in rows:
        (root / path).rename(root / Path(path).name)
    options = SourceOptions(
        columns=Columns(path="key", label="value", split="part", group="owner"),
        images=str(root),
        suffix=".png",
        labels=str(root / "map.json"),
    )
    source = open_source(str(table), tmp_path, options)
    assert source.classes == ("cat", "dog")
    assert {each.group for each in source.sources} == {"0", "1"}
    config = make_config({**TINY, "manifest": str(table), "source": options})
    chosen = choose_samples(config)
    assert (len(chosen.train), len(chosen.test), chosen.table.classes) == (6, 4, ("cat", "dog"))
    assert {each.group for each in chosen.train} == {"0", "1"}


def test_a_table_is_trained_on(tmp_path: Path) -> None:
    root = tmp_path / "data"
    table = root / SHAPES["semicolon"](root, images(root))
    metrics = library.fit(table, out=tmp_path / "run", cache="none", epochs=1, arch=FAST_ARCH,
                          image_size=32, batch_size=4, device="cpu", precision="fp32")  # fmt: skip
    assert metrics is not None
    assert metrics.images == 4
