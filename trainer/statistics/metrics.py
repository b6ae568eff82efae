"""What a set of predictions is worth: NumPy in, plain numbers out (scikit-learn)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix, log_loss, precision_recall_fscore_support

from trainer.statistics.tests import wilson


def evaluate_predictions(
    targets: NDArray[np.int64], probabilities: NDArray[np.float64], classes: Sequence[str]
) -> dict[str, Any]:
    """Compute every metric of one set of predictions: `targets` (n,) and `probabilities` (n, classes).

    Of two classes the second is the positive one, and `binary` names it. A class without predictions has precision 0.
    """
    indices = list(range(len(classes)))
    predicted = probabilities.argmax(axis=1)
    correct, total = int((predicted == targets).sum()), len(targets)
    low, high = wilson(correct, total)
    per_class = precision_recall_fscore_support(
        targets, predicted, labels=indices, zero_division=0.0
    )
    metrics: dict[str, Any] = {
        "images": total,
        "correct": correct,
        "accuracy": correct / total,
        "accuracy_95": [low, high],
        "majority_class_rate": float(np.bincount(targets, minlength=len(classes)).max() / total),
        "log_loss": float(log_loss(targets, probabilities.clip(1e-15, 1.0), labels=indices)),
    }
    if len(classes) == 2:
        metrics["binary"] = {
            "positive": classes[1],
            **_scores(*(float(values[1]) for values in per_class[:3])),
        }
    for average in ("macro", "weighted"):
        scores = precision_recall_fscore_support(
            targets, predicted, labels=indices, average=average, zero_division=0.0
        )
        metrics[average] = _scores(*map(float, scores[:3]))
    metrics["classes"] = {
        label: {
            **_scores(*(float(values[index]) for values in per_class[:3])),
            "support": int(per_class[3][index]),
        }
        for index, label in enumerate(classes)
    }
    metrics["confusion_matrix"] = confusion_matrix(targets, predicted, labels=indices).tolist()
    return metrics


def _scores(precision: float, recall: float, f1: float) -> dict[str, float]:
    return {"precision": precision, "recall": recall, "f1": f1}


def as_table(metrics: dict[str, Any]) -> str:
    """Lay metrics out for people."""
    low, high = metrics["accuracy_95"]
    lines = [
        f"accuracy {metrics['accuracy']:.4f}   ({metrics['correct']} of {metrics['images']}; 95 % interval {low:.3f} "
        f"to {high:.3f}; always the largest class: {metrics['majority_class_rate']:.4f})",
        f"log-loss {metrics['log_loss']:.4f}",
        "",
    ]
    rows = [(label, each, each["support"]) for label, each in metrics["classes"].items()]
    rows += [
        (f"({average} average)", metrics[average], metrics["images"])
        for average in ("macro", "weighted")
    ]
    if "binary" in metrics:
        rows.append(
            (f"(positive: {metrics['binary']['positive']})", metrics["binary"], metrics["images"])
        )
    width = max(len("class"), *(len(row[0]) for row in rows))
    lines.append(f"{'class':<{width}}  precision  recall      f1  images")
    lines += [
        f"{name:<{width}}  {each['precision']:>9.4f}  {each['recall']:>6.4f}  {each['f1']:>6.4f}  {images:>6}"
        for name, each, images in rows
    ]
    return "\n".join(lines)
