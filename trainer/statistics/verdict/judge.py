"""The outcome of a contrast, and the verdict on it: the first outcome that its evidence fits."""

from __future__ import annotations

from collections.abc import Sequence

from trainer.statistics.tests import tost
from trainer.statistics.verdict.advice import advise
from trainer.statistics.verdict.evidence import ContrastVerdict, Evidence, Outcome, Verdict
from trainer.statistics.verdict.sentences import write_sentences


def judge(evidence: Evidence) -> Verdict:
    """Return what the evidence supports: whether the treatment helped, and what stays open."""
    outcome = judge_outcome(evidence)
    return Verdict(outcome, write_sentences(outcome, evidence), advise(outcome, evidence))


def judge_outcome(evidence: Evidence) -> Outcome:
    """Return the first outcome that the evidence fits."""
    if evidence.identical:
        return "INVALID"
    estimate = evidence.tested
    if estimate is not None:
        alpha = evidence.level.alpha
        # Of many intervals some exclude 0 by chance: among several contrasts the adjusted p counts.
        p = estimate.p if evidence.adjusted_p is None else evidence.adjusted_p
        if p < alpha and estimate.low > 0:
            return "HELPS"
        if p < alpha and estimate.high < 0:
            return "HURTS"
        # Runs that failed to train are not alike because they are left out.
        if evidence.failures is None and tost(estimate, evidence.margin) < alpha:
            return "EQUIVALENT"
    # A difference between two arms that have learnt nothing is no finding yet.
    return "INCONCLUSIVE" if evidence.above_chance else "NOT ABOVE CHANCE"


def judge_stopped(treatment: str, baseline: str, reasons: Sequence[str]) -> ContrastVerdict:
    """Return the verdict on two arms that a guard kept from being compared.

    `reasons` are clauses without a full stop.
    """
    why = "; ".join(reasons)
    sentence = f"INVALID: {treatment} − {baseline} was not measured: {why}."
    return ContrastVerdict(
        treatment=treatment, baseline=baseline, outcome="INVALID", sentence=sentence
    )
