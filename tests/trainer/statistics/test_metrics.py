"""Metrics: the lab's four numbers from its confusion matrices, and tables for people."""

from __future__ import annotations

import numpy as np
import pytest

from trainer.statistics.metrics import ClassScores, as_table, evaluate_predictions

LAB = {  # positive = dogs, as the lab's notebook has it
    "original": ((8, 6, 6, 8), (0.5714, 0.5714, 0.5714, 0.5714)),
    "augmented": ((11, 8, 3, 6), (0.5789, 0.7857, 0.6667, 0.6071)),
}


def predictions(confusion: tuple[int, int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Give targets and probabilities with these true and false positives, false and true negatives."""
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
        "accuracy 0.6071   (17 of 28; 95 % interval 0.424 to 0.764; always the largest class: 0.5000)\n"
        "log-loss 0.7529\n"
        "\n"
        "class               precision  recall      f1  images\n"
        "cats                   0.6667  0.4286  0.5217      14\n"
        "dogs                   0.5789  0.7857  0.6667      14\n"
        "(macro average)        0.6228  0.6071  0.5942      28\n"
        "(weighted average)     0.6228  0.6071  0.5942      28\n"
        "(positive: dogs)       0.5789  0.7857  0.6667      28"
    )
