"""The figures that need the folders of runs, and the images."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs

from augbuild.errors import RunError, TableError
from tests.conftest import photo, photos
from tests.trainer.comparison.fixtures import SINGLE, change
from tests.trainer.report.results import SMALL, measured, photographed
from trainer.data.samples import TrainOn
from trainer.data.tables import read_table
from trainer.figures.learning import draw_learning
from trainer.report.run_charts import chart_flips, chart_learning
from trainer.training.run import RunFolder, read_epochs


def test_learning_has_the_runs_of_each_arm(tmp_path: Path) -> None:
    lab = measured(tmp_path, SMALL)
    curves = {}
    for arm in ("original", "augmented", "original+augmented"):
        runs = [RunFolder(tmp_path / "runs" / f"{arm}-seed{seed}") for seed in range(3)]
        curves[arm] = [read_epochs(run.epochs) for run in runs]
    assert chart_learning(tmp_path, lab).png == draw_learning(curves)


def test_learning_without_the_epochs_of_a_run_is_one_sentence(tmp_path: Path) -> None:
    single = measured(tmp_path, SINGLE)
    (tmp_path / "runs" / "augmented-seed0" / "epochs.jsonl").unlink()
    with pytest.raises(RunError, match=r"augmented-seed0/epochs\.jsonl does not exist$"):
        chart_learning(tmp_path, single)


def test_learning_of_an_arm_without_runs_is_one_sentence(tmp_path: Path) -> None:
    single = measured(tmp_path, SINGLE)
    kept = single.runs_of("original")
    with pytest.raises(RunError, match="does not list runs of every arm"):
        chart_learning(tmp_path, structs.replace(single, runs=kept))


def test_flips_are_shown_while_their_files_are_there(tmp_path: Path) -> None:
    manifest, plan = photographed(tmp_path)
    folder = tmp_path / "comparison"
    result = measured(folder, plan)
    drawn = chart_flips(folder, result)
    assert drawn.stem == "flips"
    assert "from original to augmented, and the training images of augmented nearest" in (
        drawn.caption
    )
    for path in (manifest.parent / "test").rglob("*.png"):
        path.unlink()
    with pytest.raises(TableError, match="their files can no longer be read"):
        chart_flips(folder, result)


def test_flips_of_a_manifest_that_has_changed_are_not_shown(tmp_path: Path) -> None:
    manifest, plan = photographed(tmp_path)
    folder = tmp_path / "comparison"
    result = measured(folder, plan)
    drawn = chart_flips(folder, result)

    def declare(sha256: str) -> None:
        edit = {str(manifest): sha256}
        change(folder, lambda config: config["manifests"].update(edit), "config.json")

    declare(read_table(manifest).sha256)
    assert chart_flips(folder, result) == drawn
    declare("0" * 64)
    with pytest.raises(TableError, match=r"manifest\.jsonl has changed since$"):
        chart_flips(folder, result)
    (folder / "config.json").unlink()
    assert chart_flips(folder, result) == drawn


def test_flips_are_those_of_the_primary_contrast(tmp_path: Path) -> None:
    _, plan = photographed(tmp_path)
    folder = tmp_path / "comparison"
    result = measured(folder, replace(plan, skills=SMALL.skills))
    primary_alone = structs.replace(result, contrasts=result.contrasts[:1])
    assert chart_flips(folder, result) == chart_flips(folder, primary_alone)


def test_test_images_are_those_of_the_first_arm(tmp_path: Path) -> None:
    manifest, plan = photographed(tmp_path)
    folder = tmp_path / "comparison"
    result = measured(folder, plan)
    rows = manifest.read_text(encoding="utf-8").splitlines(keepends=True)
    other = manifest.with_name("other.jsonl")
    other.write_text("".join(row for row in rows if '"test"' not in row), encoding="utf-8")
    original, augmented = result.arms
    arms = (original, structs.replace(augmented, manifest=str(other)))
    assert chart_flips(folder, structs.replace(result, arms=arms)) == chart_flips(folder, result)


def test_an_arm_without_variants_shows_its_originals(tmp_path: Path) -> None:
    _, plan = photographed(tmp_path)
    folder = tmp_path / "comparison"
    result = measured(folder, plan)

    def trained_on(train_on: TrainOn) -> bytes:
        arms = tuple(structs.replace(arm, train_on=train_on) for arm in result.arms)
        return chart_flips(folder, structs.replace(result, arms=arms)).png

    assert trained_on("original+augmented") == trained_on("augmented")
    assert trained_on("original") != trained_on("augmented")


@pytest.mark.parametrize(("images", "told"), [(1_000, False), (1_001, True)])
def test_a_search_that_leaves_images_out_is_told(images: int, told: bool, tmp_path: Path) -> None:
    dataset = tmp_path / "dataset"
    first = photo(dataset / "train" / "cats" / "0.png", 1)
    for number in range(1, images - 1):
        first.with_name(f"{number}.png").hardlink_to(first)
    photo(dataset / "train" / "dogs" / "0.png", 2)
    photos(dataset / "test", {"cats": 3, "dogs": 3})
    names = [sample.name for sample in read_table(dataset).of("test")]
    folder = tmp_path / "comparison"
    plan = replace(SINGLE, per_class=3, manifest=str(dataset), names=names)
    result = measured(folder, plan)
    arms = tuple(structs.replace(arm, train_on=None) for arm in result.arms)
    drawn = chart_flips(folder, structs.replace(result, arms=arms))
    assert ("nearest to each (1,000 of them searched), by" in drawn.caption) == told
    assert ("searched" in drawn.caption) == told


def test_neighbours_are_variants_of_the_treatment(tmp_path: Path) -> None:
    _, plan = photographed(tmp_path)
    folder = tmp_path / "comparison"
    result = measured(folder, plan)
    contrast = result.contrasts[0]
    drawn = chart_flips(folder, result)
    turned = structs.replace(contrast, treatment="original", baseline="augmented")
    of_originals = chart_flips(folder, structs.replace(result, contrasts=(turned,)))
    assert of_originals.png != drawn.png
    assert "from augmented to original, and the training images of original" in of_originals.caption


def test_equal_predictions_have_no_flips(tmp_path: Path) -> None:
    single = measured(tmp_path, SINGLE)
    content = (tmp_path / "runs" / "original-seed0" / "predictions.csv").read_bytes()
    (tmp_path / "runs" / "augmented-seed0" / "predictions.csv").write_bytes(content)
    with pytest.raises(RunError, match="no test image is right more often in one arm"):
        chart_flips(tmp_path, single)
