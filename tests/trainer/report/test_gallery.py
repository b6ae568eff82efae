"""The gallery: every figure in its place, and a sentence for each that could not be drawn."""

from __future__ import annotations

from pathlib import Path

from tests.trainer.report.results import SMALL, measured, photographed
from trainer.report.gallery import Gallery, draw_gallery


def test_every_figure_is_drawn_while_its_files_are_there(tmp_path: Path) -> None:
    _, plan = photographed(tmp_path)
    folder = tmp_path / "comparison"
    gallery = draw_gallery(folder, measured(folder, plan))
    assert {figure.stem for figure in gallery.figures} == {
        "slopes",
        "deltas-1",
        "confusion-1",
        "confusion-2",
        "learning",
        "flips",
    }
    assert gallery.missing == ()
    assert gallery.power is None, "one seed"
    assert draw_gallery(tmp_path / "lab", measured(tmp_path / "lab", SMALL)).power is not None


def test_deltas_and_confusion_are_numbered_by_contrast_and_arm(tmp_path: Path) -> None:
    gallery = draw_gallery(tmp_path, measured(tmp_path, SMALL))
    assert [figure.stem for figure in gallery.deltas] == ["deltas-1", "deltas-2"]
    assert [figure.stem for figure in gallery.confusion] == [
        "confusion-1",
        "confusion-2",
        "confusion-3",
    ]


def test_what_cannot_be_drawn_is_a_sentence_that_names_no_folder(tmp_path: Path) -> None:
    result = measured(tmp_path, SMALL)
    (tmp_path / "runs" / "augmented-seed1" / "epochs.jsonl").unlink()
    (tmp_path / "runs" / "augmented-seed2" / "predictions.csv").write_text("?", encoding="utf-8")
    gallery = draw_gallery(tmp_path, result)
    assert gallery.learning is gallery.flips is None
    assert gallery.power is not None
    learning, flips = gallery.missing
    assert learning == (
        "The learning curves are left out: runs/augmented-seed1/epochs.jsonl does not exist."
    )
    assert flips.startswith(
        "The images that flipped are left out: runs/augmented-seed2/predictions.csv is not what"
    )


def test_an_empty_gallery_has_no_figures() -> None:
    assert Gallery().figures == ()
