"""Metrics: the lab's four numbers from its confusion matrices, metrics.json, and a text table."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, f1_score, log_loss

from augbuild.errors import RunError
from trainer.statistics.metrics import (
    ClassScores,
    as_table,
    evaluate_predictions,
    read_metrics,
    write_metrics,
)

LAB = {  # positive = dogs, as the lab's notebook has it
    "original": ((8, 6, 6, 8), (0.5714, 0.5714, 0.5714, 0.5714)),
    "augmented": ((11, 8, 3, 6), (0.5789, 0.7857, 0.6667, 0.6071)),
}


def predictions(
    confusion: tuple[int, int, int, int],
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Make targets and probabilities of true and false positives, false and true negatives."""
    tp, fp, fn, tn = confusion
    targets = np.array([1] * tp + [0] * fp + [1] * fn + [0] * tn)
    positive = np.array([0.8] * (tp + fp) + [0.3] * (fn + tn))
    return targets, np.stack([1 - positive, positive], axis=1)


@pytest.mark.parametrize("arm", LAB)
def test_the_labs_confusion_matrices_give_its_four_metrics(arm: str) -> None:
    confusion, (precision, recall, f1, accuracy) = LAB[arm]
    metrics = evaluate_predictions(*predictions(confusion), ["cats", "dogs"])
    binary = metrics.binary
    assert binary is not None
    rounded = (round(binary.precision, 4), round(binary.recall, 4), round(binary.f1, 4))
    assert rounded == (precision, recall, f1)
    assert round(metrics.accuracy, 4) == accuracy
    assert binary.positive == "dogs"
    tp, fp, fn, tn = confusion
    assert metrics.confusion_matrix == ((tn, fp), (fn, tp))


def test_interval_and_majority_rate_stand_beside_the_accuracy() -> None:
    metrics = evaluate_predictions(*predictions((8, 6, 6, 8)), ["cats", "dogs"])
    assert [round(end, 3) for end in metrics.accuracy_95] == [0.391, 0.735]
    assert metrics.majority_class_rate == 0.5
    assert evaluate_predictions(np.array([0, 1, 2]), np.eye(3), list("abc")).binary is None


def test_class_that_is_never_predicted_has_precision_zero_and_no_warning() -> None:
    metrics = evaluate_predictions(np.array([0, 1]), np.array([[0.9, 0.1], [0.8, 0.2]]), ["a", "b"])
    assert metrics.classes["b"] == ClassScores(0.0, 0.0, 0.0, 1)


def test_table_is_as_the_golden_text() -> None:
    assert as_table(evaluate_predictions(*predictions((11, 8, 3, 6)), ["cats", "dogs"])) == (
        "accuracy 0.6071   (17 of 28; 95 % interval 0.424 to 0.764; "
        "always the largest class: 0.5000)\n"
        "log-loss 0.7529\n"
        "\n"
        "class               precision  recall      f1  images\n"
        "cats                   0.6667  0.4286  0.5217      14\n"
        "dogs                   0.5789  0.7857  0.6667      14\n"
        "(macro average)        0.6228  0.6071  0.5942      28\n"
        "(weighted average)     0.6228  0.6071  0.5942      28\n"
        "(positive: dogs)       0.5789  0.7857  0.6667      28"
    )


@given(st.lists(st.integers(0, 2), min_size=1, max_size=20))
def test_all_agree_with_scikit_learn(labels: list[int]) -> None:
    targets = np.array(labels)
    generator = np.random.default_rng(len(labels) * 31 + sum(labels))
    probabilities = generator.dirichlet([1, 1, 1], len(labels))
    metrics = evaluate_predictions(targets, probabilities, ["a", "b", "c"])
    best = probabilities.argmax(axis=1)
    assert metrics.accuracy == accuracy_score(targets, best)
    assert metrics.correct == int((targets == best).sum())
    macro = f1_score(targets, best, labels=[0, 1, 2], average="macro", zero_division=0)
    assert metrics.macro.f1 == pytest.approx(macro)
    weighted = f1_score(targets, best, labels=[0, 1, 2], average="weighted", zero_division=0)
    assert metrics.weighted.f1 == pytest.approx(weighted)
    assert metrics.weighted.recall == pytest.approx(metrics.accuracy)
    assert metrics.log_loss == pytest.approx(log_loss(targets, probabilities, labels=[0, 1, 2]))
    assert metrics.majority_class_rate == max(labels.count(each) for each in labels) / len(labels)
    assert [each.support for each in metrics.classes.values()] == [
        labels.count(index) for index in range(3)
    ]
    low, high = metrics.accuracy_95
    assert 0 <= low <= metrics.accuracy <= high <= 1


def test_probability_zero_of_the_true_class_is_not_infinite() -> None:
    metrics = evaluate_predictions(np.array([0, 1]), np.array([[0.0, 1.0], [0.0, 1.0]]), ["a", "b"])
    assert metrics.log_loss == pytest.approx(-np.log(1e-15) / 2)


class TestDocument:
    @pytest.fixture
    def text(self) -> str:
        return (
            '{\n  "images": 2,\n  "correct": 1,\n  "accuracy": 0.5,\n'
            '  "accuracy_95": [\n    0.09453120573423074,\n    0.9054687942657693\n  ],\n'
            '  "majority_class_rate": 0.5,\n  "log_loss": 0.8573992140459633,\n'
            '  "binary": {\n    "positive": "é",\n    "precision": 0.0,\n'
            '    "recall": 0.0,\n    "f1": 0.0\n  },\n'
            '  "macro": {\n    "precision": 0.25,\n    "recall": 0.5,\n'
            '    "f1": 0.3333333333333333\n  },\n'
            '  "weighted": {\n    "precision": 0.25,\n    "recall": 0.5,\n'
            '    "f1": 0.3333333333333333\n  },\n'
            '  "classes": {\n    "a": {\n      "precision": 0.5,\n      "recall": 1.0,\n'
            '      "f1": 0.6666666666666666,\n      "support": 1\n    },\n'
            '    "é": {\n      "precision": 0.0,\n      "recall": 0.0,\n      "f1": 0.0,\n'
            '      "support": 1\n    }\n  },\n'
            '  "confusion_matrix": [\n    [\n      1,\n      0\n    ],\n'
            "    [\n      1,\n      0\n    ]\n  ]\n}\n"
        )

    def test_has_the_bytes_of_version_0_1(self, tmp_path: Path, text: str) -> None:
        probabilities = np.array([[0.9, 0.1], [0.8, 0.2]])
        metrics = evaluate_predictions(np.array([0, 1]), probabilities, ["a", "é"])
        write_metrics(tmp_path / "metrics.json", metrics)
        assert (tmp_path / "metrics.json").read_text(encoding="utf-8") == text
        assert read_metrics(tmp_path / "metrics.json") == metrics

    def test_of_three_classes_has_no_binary_scores(self, tmp_path: Path) -> None:
        metrics = evaluate_predictions(np.array([0, 1, 2]), np.eye(3), list("abc"))
        write_metrics(tmp_path / "metrics.json", metrics)
        assert "binary" not in json.loads((tmp_path / "metrics.json").read_text())
        assert read_metrics(tmp_path / "metrics.json") == metrics

    def test_of_a_run_without_test_set_is_empty(self, tmp_path: Path) -> None:
        write_metrics(tmp_path / "metrics.json", None)
        assert (tmp_path / "metrics.json").read_text() == "{}\n"
        assert read_metrics(tmp_path / "metrics.json") is None

    def test_that_is_not_there(self, tmp_path: Path) -> None:
        message = rf"metrics.json does not exist; {tmp_path} is not a finished run of trainer"
        with pytest.raises(RunError, match=message):
            read_metrics(tmp_path / "metrics.json")

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"accuracy": 1.5}, ": accuracy must be a number <= 1.0 (got 1.5)"),
            ({"images": 0}, ": images must be a whole number >= 1 (got 0)"),
            ({"macro": {"precision": 1}}, ": macro lacks 'recall'"),
            ({"classes": {"a": 5}}, ": classes"),
            ({"accuracy_95": [0.1]}, ": accuracy_95"),
        ],
    )
    def test_wrong_value_is_named(
        self, tmp_path: Path, text: str, change: dict[str, object], message: str
    ) -> None:
        file = tmp_path / "metrics.json"
        file.write_text(json.dumps({**json.loads(text), **change}))
        with pytest.raises(RunError) as caught:
            read_metrics(file)
        assert str(caught.value).startswith(f"{file}{message}")

    @pytest.mark.parametrize("content", ["", "[]", "{", '{"accuracy": 1.0}'])
    def test_anything_else_is_a_sentence(self, tmp_path: Path, content: str) -> None:
        (tmp_path / "metrics.json").write_text(content)
        with pytest.raises(RunError, match=r"metrics.json"):
            read_metrics(tmp_path / "metrics.json")
