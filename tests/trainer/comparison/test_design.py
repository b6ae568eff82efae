"""A design: what the command line gives, and what is fixed before any training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from augbuild.errors import UsageError
from tests.trainer.comparison.small import design, fit_config
from trainer.comparison.design import Arm, Budget, Design, from_options, make_design, parse_budget

MANIFEST = Path("m.jsonl")


def names(made: Design) -> list[str]:
    """List the names of a design's arms."""
    return [arm.name for arm in made.arms]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"budget": "hours:3"}, "--budget must be steps:N or epochs:N (got 'hours:3')"),
        ({"budget": "steps:0"}, "--budget must be steps:N or epochs:N (got 'steps:0')"),
        (
            {"arms": "original"},
            "--arms must name two arms or more, the baseline first (got original)",
        ),
        ({"arms": "original,original"}, "--arms lists 'original' twice"),
        (
            {"arms": "original,rotated"},
            "--arms must be some of original, augmented, original+augmented, placebo",
        ),
        ({"arms": None, "named": ["a=m.jsonl", "b"]}, "--arm must be NAME=MANIFEST"),
        ({"arms": None, "named": ["a=m.jsonl", "b="]}, "--arm must be NAME=MANIFEST"),
        ({"arms": None, "named": ["../up=m.jsonl", "b=m.jsonl"]}, "--arm must be NAME=MANIFEST"),
        ({"arms": None, "named": ["a=m.jsonl"]}, "--arm must name two arms or more"),
        ({"arms": None, "named": ["a=m", "b=m", "a=n"]}, "--arm lists 'a' twice"),
        ({"seeds": 0}, "--seeds must be from 1 to 1000 (got 0)"),
        ({"seeds": 1001}, "--seeds must be from 1 to 1000 (got 1001)"),
        ({"margin": 0.0}, "--margin is a share: 0.02 is two points (got 0)"),
        ({"margin": 1.0}, "--margin is a share: 0.02 is two points (got 1)"),
        ({"margin": 2.0}, "--margin is a share: 0.02 is two points (got 2)"),
        (
            {"arms": None, "named": ["a=m.jsonl", "b=n.jsonl"], "folds": True},
            "--folds compares arms of one manifest",
        ),
        (
            {"arms": "original,augmented", "ablate": True},
            "--ablate trains on one choice of images; name one with --arms "
            "(got original, augmented)",
        ),
        ({"arms": "placebo", "ablate": True}, "--ablate trains on one choice of images"),
    ],
)
def test_wrong_design_is_a_sentence(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as raised:
        design(MANIFEST, **changes)
    assert str(raised.value).startswith(message)


@pytest.mark.parametrize(
    ("option", "value"),
    [("steps", 5), ("epochs", 3), ("holdout", 0.2), ("fold", 1), ("test_manifest", "t.csv")],
)
def test_configuration_may_not_set_what_the_design_sets(option: str, value: object) -> None:
    fit = structs.replace(fit_config(MANIFEST), **{option: value})
    with pytest.raises(UsageError, match=f"a comparison sets {option} itself"):
        make_design(fit)


def test_seeds_begin_with_the_one_of_the_configuration() -> None:
    assert design(MANIFEST).seeds == (0, 1, 2)
    fit = structs.replace(fit_config(MANIFEST), seed=40)
    assert make_design(fit, seeds=1).seeds == (40,)
    assert len(make_design(fit, seeds=1000).seeds) == 1000


@pytest.mark.parametrize(
    ("text", "budget"),
    [
        ("steps:1", Budget("steps", 1)),
        ("epochs:10", Budget("epochs", 10)),
        ("steps:999999999", Budget("steps", 999_999_999)),
    ],
)
def test_budgets_are_steps_or_epochs(text: str, budget: Budget) -> None:
    assert parse_budget(text) == budget


@pytest.mark.parametrize("text", ["steps", "steps:", "steps:-1", "steps:01", "epochs:1 ", "1"])
def test_other_budgets_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--budget must be steps:N or epochs:N"):
        parse_budget(text)


class TestPlacebo:
    def test_is_left_out_under_a_steps_budget_and_the_verdict_says_so(self) -> None:
        for budget in ("steps:3", None):
            left = design(MANIFEST, arms="original,augmented,placebo", budget=budget)
            assert names(left) == ["original", "augmented"]
            assert left.contrasts == (("augmented", "original"),)
            assert left.notes == (
                "The placebo was not trained: with equal steps it is the same as the arm original; "
                "use --budget epochs:N to train it.",
            )

    def test_is_trained_under_an_epochs_budget(self) -> None:
        kept = design(MANIFEST, arms="original,augmented,placebo", budget="epochs:1")
        assert names(kept) == ["original", "augmented", "placebo"]
        assert kept.notes == ()
        assert kept.contrasts == (
            ("augmented", "original"),
            ("placebo", "original"),
            ("augmented", "placebo"),
        )

    def test_as_the_baseline_it_is_compared_once(self) -> None:
        first = design(MANIFEST, arms="placebo,augmented", budget="epochs:1")
        assert first.contrasts == (("augmented", "placebo"),)

    def test_is_compared_with_the_augmented_arm_if_there_is_one(self) -> None:
        alone = design(MANIFEST, arms="original,placebo", budget="epochs:1")
        assert alone.contrasts == (("placebo", "original"),)
        first = design(MANIFEST, arms="augmented,placebo", budget="epochs:1")
        assert first.contrasts == (("placebo", "augmented"), ("augmented", "placebo"))

    def test_is_no_default_under_a_steps_budget(self) -> None:
        default = design(MANIFEST, arms=None, budget=None)
        assert names(default) == ["original", "original+augmented", "augmented"]
        assert default.contrasts[0] == ("original+augmented", "original"), "the primary one"
        assert default.notes == ()
        by_epochs = design(MANIFEST, arms=None, budget="epochs:1")
        assert names(by_epochs) == names(default)


def test_arms_of_one_manifest_are_named_by_what_they_train_on() -> None:
    made = design(MANIFEST, arms=" original , augmented")
    assert made.arms == (
        Arm("original", "m.jsonl", "original"),
        Arm("augmented", "m.jsonl", "augmented"),
    )


def test_named_arms_train_on_all_images_of_their_own_manifest() -> None:
    made = design(MANIFEST, arms=None, named=["a=x.jsonl", "b=with=equals.csv"])
    assert made.arms == (Arm("a", "x.jsonl"), Arm("b", "with=equals.csv"))
    assert made.contrasts == (("b", "a"),)


def test_a_design_is_of_ten_seeds_and_two_points_by_default() -> None:
    made = make_design(fit_config(MANIFEST))
    assert len(made.seeds) == 10
    assert (made.metric, made.margin, made.folds, made.budget) == ("accuracy", 0.02, False, None)


def test_folds_are_of_one_manifest() -> None:
    made = design(MANIFEST, arms=None, named=["a=m.jsonl", "b=m.jsonl"], folds=True)
    assert made.folds
    assert not design(MANIFEST).folds


def test_an_ablation_begins_with_one_arm() -> None:
    assert names(design(MANIFEST, arms=None, ablate=True)) == ["original+augmented"]
    assert names(design(MANIFEST, arms="augmented", ablate=True)) == ["augmented"]
    assert design(MANIFEST, arms=None, ablate=True).contrasts == ()


OPTIONS: dict[str, Any] = {
    "manifest": "m.jsonl",
    "arms": None,
    "named": (),
    "seeds": 3,
    "budget": None,
    "metric": "accuracy",
    "margin": 0.02,
    "folds": False,
    "ablate": None,
    "max_seeds": None,
    "recipes": None,
    "config": None,
    "compile": None,
}


class TestOptions:
    def test_those_of_training_reach_every_run(self) -> None:
        made = from_options(**OPTIONS, batch_size=8, lr=None, seed=5)
        assert (made.fit.manifest, made.fit.batch_size, made.fit.lr) == ("m.jsonl", 8, 0.001)
        assert made.seeds == (5, 6, 7)
        assert from_options(**{**OPTIONS, "compile": True}).fit.compile

    def test_those_of_the_design_reach_it(self) -> None:
        given = {"arms": "augmented,original", "budget": "steps:9", "margin": 0.07, "folds": True}
        made = from_options(**{**OPTIONS, **given})
        assert names(made) == ["augmented", "original"]
        assert (made.budget, made.margin, made.folds) == (Budget("steps", 9), 0.07, True)

    def test_a_file_gives_what_the_command_line_does_not(self, tmp_path: Path) -> None:
        (tmp_path / "fit.toml").write_text("lr = 0.5\nbatch_size = 4\n", encoding="utf-8")
        options = {**OPTIONS, "config": tmp_path / "fit.toml"}
        made = from_options(**options, batch_size=8)
        assert (made.fit.lr, made.fit.batch_size) == (0.5, 8)

    def test_metrics_have_one_word_on_the_command_line(self) -> None:
        assert from_options(**OPTIONS).metric == "accuracy"
        assert from_options(**{**OPTIONS, "metric": "macro-f1"}).metric == "macro F1"

    def test_named_arms_bring_their_manifests(self) -> None:
        options = {**OPTIONS, "manifest": None, "named": ("a=x.jsonl", "b=y.jsonl")}
        made = from_options(**options)
        assert [arm.manifest for arm in made.arms] == ["x.jsonl", "y.jsonl"]
        assert made.fit.manifest == "x.jsonl"
        for more in ({"manifest": "m.jsonl"}, {"arms": "original,augmented"}):
            with pytest.raises(UsageError, match="--arm brings its own manifest"):
                from_options(**{**options, **more})

    def test_an_ablation_builds_its_manifests(self) -> None:
        options = {**OPTIONS, "manifest": None, "ablate": "lab"}
        made = from_options(**options)
        assert made.arms == (Arm("original+augmented", "lab", "original+augmented"),)
        named = {"named": ("a=x", "b=y"), "manifest": None}
        more: dict[str, Any]
        for more in ({"manifest": "m.jsonl"}, {"folds": True}, named):
            with pytest.raises(UsageError, match="--ablate makes its own manifests"):
                from_options(**{**options, **more})

    def test_a_manifest_is_needed(self) -> None:
        with pytest.raises(UsageError, match="--manifest is missing"):
            from_options(**{**OPTIONS, "manifest": None})
