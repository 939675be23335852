"""Stage 3: what every bright group is, with calibrated probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from vascal.anatomy.confounders import DEFAULT_RULE, Candidate, Verdict
from vascal.anatomy.segmenter import Anatomy
from vascal.models.course_net import map_courses
from vascal.models.lesion_inputs import KINDS, LesionInputs, describe_candidates
from vascal.models.runtime import Network, load_network
from vascal.volume import Volume

CORONARY = 4
"""The first four kinds are coronary arteries."""
NOISE_SDS = 3.0
"""A small group that rises less than this above blood is noise without asking the network: there are thousands."""
MOST_CANDIDATES = 400
"""Beyond this many the faintest are taken for noise, so that time is bounded in the noisiest scans."""
BATCH = 64
LEAST_VESSEL = 0.45
"""An artery named with less probability than this, among the four, is left unassigned."""
KindShares = Float[np.ndarray, "candidate kind"]
SegmentShares = Float[np.ndarray, "candidate segment"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnedJudge:
    """Judges candidates with a network; implements `vascal.calcium.finding.Judge`.

    Parameters
    ----------
    folder
        With other weights than the embedded ones.
    """

    folder: Path | None = None

    def __call__(self, volume: Volume, anatomy: Anatomy, candidates: Sequence[Candidate]) -> tuple[Verdict, ...]:
        """Judge every candidate: a coronary artery and segment, or a reason why not.

        Parameters
        ----------
        volume
            CT: (slice, row, column), HU.
        anatomy
            Of the same scan, from `LearnedAnatomy`.
        candidates
            Connected groups of bright voxels in and near the heart.

        Returns
        -------
        tuple of Verdict
            One a candidate, in the same order.
        """
        regions = anatomy.regions
        if regions is None or not (regions.heart > 0.5).any():
            return tuple(Verdict(vessel=None, reason="outside the heart", confidence=1.0) for _ in candidates)
        shown = choose_shown(anatomy, candidates)
        verdicts = [Verdict(vessel=None, reason="noise", confidence=1.0, probability=0.0)] * len(candidates)
        if shown:
            courses = map_courses(volume, regions, folder=self.folder)
            inputs = describe_candidates(volume, anatomy, courses, [candidates[n] for n in shown])
            kinds, segments = classify(load_network("lesions", self.folder), inputs)
            for n, kind, segment in zip(shown, kinds, segments, strict=True):
                verdicts[n] = as_verdict(kind, segment)
        return tuple(verdicts)


def choose_shown(anatomy: Anatomy, candidates: Sequence[Candidate]) -> list[int]:
    """List the candidates that are worth a look: all but faint specks, the most significant first if too many."""
    noise, blood = max(anatomy.noise_sd_hu or 0.0, 1.0), anatomy.blood_hu or 0.0
    size = np.array([c.volume_mm3 for c in candidates])
    rise = (np.array([c.peak_hu for c in candidates]) - blood) / noise
    kept = np.flatnonzero((size > DEFAULT_RULE.noise_mm3) | (rise >= NOISE_SDS))
    # A group counts by its height and its size: noise is neither high nor large.
    weight = rise[kept] * np.sqrt(size[kept])
    return sorted(int(n) for n in kept[np.argsort(-weight)[:MOST_CANDIDATES]])


def classify(network: Network, inputs: LesionInputs) -> tuple[KindShares, SegmentShares]:
    """Give the calibrated share of each kind, and of each SCCT segment, for every candidate."""
    temperature = float(network.entry.settings.get("temperature", 1.0))
    rows = []
    for first in range(0, len(inputs.features), BATCH):
        part = slice(first, first + BATCH)
        rows.append(network.run(patch=inputs.patches[part], features=inputs.features[part]))
    kinds, segments = (np.concatenate([row[n] for row in rows]) for n in (0, 1))
    return _softmax(kinds / temperature), _softmax(segments)


def _softmax(logits: np.ndarray) -> np.ndarray:
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=1, keepdims=True), dtype=float)


def as_verdict(kind: np.ndarray, segment: np.ndarray) -> Verdict:
    """Turn shares into a verdict: coronary if the arteries together are more likely than everything else."""
    coronary = float(kind[:CORONARY].sum())
    if coronary < 0.5:
        other = int(np.argmax(kind[CORONARY:])) + CORONARY
        return Verdict(vessel=None, reason=KINDS[other], confidence=round(1 - coronary, 3), probability=coronary)
    best = int(np.argmax(kind[:CORONARY]))
    is_sure = kind[best] / coronary >= LEAST_VESSEL
    return Verdict(
        vessel=KINDS[best] if is_sure else "unassigned",
        reason=None,
        confidence=round(coronary, 3),
        segment=int(np.argmax(segment)) + 1 if is_sure else None,
        probability=coronary,
    )
