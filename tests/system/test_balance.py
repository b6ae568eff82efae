"""Real photos of unbalanced classes, brought to one size in both directions."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from augbuild.building.build import build
from augbuild.checking.verify import verify
from augbuild.dataset.manifest import read_manifest
from tests.conftest import write_recipe

RECIPE = """
name = "clothing"
[dataset]
license = "CC0"
[source]
path = "{source}"
[split]
test = 0
group = "none"
[output]
path = "out"
max_side = 64
[augment.balance]
target = 40
[[transforms]]
op = "rotate"
degrees = {{ uniform = [-20, 20] }}
"""
BEFORE = {
    "dress": 15, "hat": 12, "longsleeve": 72, "outwear": 38, "pants": 42,
    "shirt": 26, "shoes": 73, "shorts": 30, "skirt": 12, "t-shirt": 52,
}  # fmt: skip


def test_clothing_comes_to_40_a_class_in_both_directions(shared_data: Path, tmp_path: Path) -> None:
    source = shared_data / "clothing" / "test"
    write_recipe(tmp_path, RECIPE.format(source=source))
    report = build(tmp_path / "recipe.toml")
    found = Counter[str]()
    for record in read_manifest(report.out / "manifest.jsonl"):
        found[record.label_name] += 1
    assert found == dict.fromkeys(found, 40)
    originals = {label: min(size, 40) for label, size in BEFORE.items()}
    assert report.counts["train"] == originals
    assert verify(report.out).findings == ()
    numbering = "where torchvision's ImageFolder would number the other classes anew"
    assert [each.text() for each in report.findings] == [
        "4 classes have more train images than the balance's target of 40; 79 train images are "
        "left out (longsleeve 32, pants 2, shoes 33 and 1 other); target = 73 keeps all",
        f"4 classes have no images in augmented_train/, {numbering} (longsleeve, pants, shoes "
        "and 1 other); load it as its README.md shows, or give each class variants",
    ]
    assert build(tmp_path / "recipe.toml").made == 0
