"""The metrics of one set of predictions: computed by scikit-learn, kept as metrics.json."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta, Raw, Struct
from numpy.typing import NDArray

from augbuild.core.documents import encode, read_document
from augbuild.core.files import write_atomic
from augbuild.core.ranges import Count, Share
from augbuild.errors import RunError
from trainer.statistics.tests import wilson


class Scores(Struct, frozen=True):
    """Precision, recall and F1 of one class, or averaged over several."""

    precision: Share
    recall: Share
    f1: Share


class BinaryScores(Struct, frozen=True):
    """The scores of two classes, named by the one that counts as positive."""

    positive: str
    precision: Share
    recall: Share
    f1: Share


class ClassScores(Struct, frozen=True):
    """The scores of one class, and the number of its images."""

    precision: Share
    recall: Share
    f1: Share
    support: Count


class Metrics(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """metrics.json: every metric of one set of predictions.

    `accuracy_95` is the Wilson interval. `binary` is there for two classes only. Rows of the
    confusion matrix are true classes, columns predicted ones, both in the order of `classes`.
    """

    images: Annotated[int, Meta(ge=1)]
    correct: Count
    accuracy: Share
    accuracy_95: tuple[Share, Share]
    majority_class_rate: Share
    log_loss: Annotated[float, Meta(ge=0.0)]
    binary: BinaryScores | None = None
    macro: Scores
    weighted: Scores
    classes: dict[str, ClassScores]
    confusion_matrix: tuple[tuple[Count, ...], ...]


def write_metrics(file: Path, metrics: Metrics | None) -> None:
    """Write metrics.json; None, of a run without a test set, is an empty object."""
    write_atomic(file, encode({} if metrics is None else metrics, indent=2))


def read_metrics(file: Path) -> Metrics | None:
    """Read metrics.json, None from a run without a test set; raises RunError."""
    if not file.exists():
        raise RunError(f"{file} does not exist; {file.parent} is not a finished run of trainer")
    if not read_document(file, dict[str, Raw], RunError):
        return None
    return read_document(file, Metrics, RunError)


def evaluate_predictions(
    targets: NDArray[np.int64], probabilities: NDArray[np.float64], classes: Sequence[str]
) -> Metrics:
    """Compute every metric of one set of predictions: `targets` (n,), `probabilities` (n, classes).

    Of two classes the second is the positive one. A class that is never predicted has precision 0.
    """
    # Here and below: a report reads metrics without computing any, and scikit-learn loads slowly.
    from sklearn.metrics import confusion_matrix, log_loss

    indices = list(range(len(classes)))
    predicted = probabilities.argmax(axis=1)
    is_correct = predicted == targets
    correct, total = int(is_correct.sum()), len(targets)
    support = np.bincount(targets)
    largest_class = int(support.max())
    # A probability of 0 for the true class would make the log-loss infinite.
    loss = log_loss(targets, probabilities.clip(1e-15, 1.0), labels=indices)
    by_class = _scores_by_class(targets, predicted, classes)
    binary = None
    if len(classes) == 2:
        positive = classes[1]  # scikit-learn's default, pos_label=1
        scores = by_class[positive]
        binary = BinaryScores(positive, scores.precision, scores.recall, scores.f1)
    matrix = confusion_matrix(targets, predicted, labels=indices)
    return Metrics(
        images=total,
        correct=correct,
        accuracy=correct / total,
        accuracy_95=wilson(correct, total),
        majority_class_rate=largest_class / total,
        log_loss=float(loss),
        binary=binary,
        macro=_average_scores(targets, predicted, indices, "macro"),
        weighted=_average_scores(targets, predicted, indices, "weighted"),
        classes=by_class,
        confusion_matrix=tuple(map(tuple, matrix.tolist())),
    )


def _scores_by_class(
    targets: NDArray[np.int64], predicted: NDArray[np.int64], classes: Sequence[str]
) -> dict[str, ClassScores]:
    from sklearn.metrics import precision_recall_fscore_support

    precision, recall, f1, support = precision_recall_fscore_support(
        targets, predicted, labels=list(range(len(classes))), zero_division=0.0
    )
    by_class = {}
    for index, label in enumerate(classes):
        by_class[label] = ClassScores(
            precision=float(precision[index]),
            recall=float(recall[index]),
            f1=float(f1[index]),
            support=int(support[index]),
        )
    return by_class


def _average_scores(
    targets: NDArray[np.int64],
    predicted: NDArray[np.int64],
    indices: Sequence[int],
    average: Literal["macro", "weighted"],
) -> Scores:
    from sklearn.metrics import precision_recall_fscore_support

    precision, recall, f1, _ = precision_recall_fscore_support(
        targets, predicted, labels=indices, average=average, zero_division=0.0
    )
    return Scores(float(precision), float(recall), float(f1))


def as_table(metrics: Metrics) -> str:
    """Return the metrics as a text table for people."""
    low, high = metrics.accuracy_95
    counted = f"{metrics.correct} of {metrics.images}"
    interval = f"95 % interval {low:.3f} to {high:.3f}"
    baseline = f"always the largest class: {metrics.majority_class_rate:.4f}"
    lines = [
        f"accuracy {metrics.accuracy:.4f}   ({counted}; {interval}; {baseline})",
        f"log-loss {metrics.log_loss:.4f}",
        "",
    ]
    rows: list[tuple[str, Scores | BinaryScores | ClassScores, int]] = []
    for label, scores in metrics.classes.items():
        rows.append((label, scores, scores.support))
    rows.append(("(macro average)", metrics.macro, metrics.images))
    rows.append(("(weighted average)", metrics.weighted, metrics.images))
    binary = metrics.binary
    if binary is not None:
        rows.append((f"(positive: {binary.positive})", binary, metrics.images))
    width = max(len(name) for name, _, _ in rows)
    lines.append(f"{'class':<{width}}  precision  recall      f1  images")
    for name, each, images in rows:
        line = f"{name:<{width}}  {each.precision:>9.4f}  {each.recall:>6.4f}"
        line += f"  {each.f1:>6.4f}  {images:>6}"
        lines.append(line)
    return "\n".join(lines)
