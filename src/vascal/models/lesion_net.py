"""Stage 3: what every bright group is, with calibrated probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from vascal.anatomy.confounders import DEFAULT_RULE, Candidate, Verdict
from vascal.anatomy.segmenter import Anatomy
from vascal.calcium.finding import Judged, pair
from vascal.models.course_net import map_courses
from vascal.models.division import divide, join
from vascal.models.lesion_inputs import KINDS, SIGNIFICANCE, LesionInputs, describe_candidates
from vascal.models.runtime import Network, load_network
from vascal.regions import SEGMENT_COUNT, VESSEL_OF_SEGMENT
from vascal.volume import Volume

CORONARY = 4
"""The first four kinds are coronary arteries."""
NOISE_SDS = 3.0
"""A small group that rises less than this above blood is noise without asking the network: there are thousands."""
MOST_CANDIDATES = 400
"""Beyond this many the faintest are taken for noise, so that time is bounded in the noisiest scans."""
BATCH = 64
NOISE = KINDS.index("noise")
CLEAR_SIGNIFICANCE = 0.6
"""Six standard deviations of the smoothed scan above blood, in the unit of `measure_significance`."""
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

    def __call__(self, volume: Volume, anatomy: Anatomy, candidates: Sequence[Candidate]) -> tuple[Judged, ...]:
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
        tuple of Judged
            In the same order; a candidate that runs from one artery into another, or into the aorta, comes
            back in parts.
        """
        regions = anatomy.regions
        if regions is None or not (regions.heart > 0.5).any():
            nothing = Verdict(vessel=None, reason="outside the heart", confidence=1.0)
            return pair(candidates, [nothing] * len(candidates))
        shown = choose_shown(anatomy, candidates)
        noise = Verdict(vessel=None, reason="noise", confidence=1.0, probability=0.0)
        judged: list[tuple[Judged, ...]] = [(Judged(candidate=candidate, verdict=noise),) for candidate in candidates]
        if shown:
            courses = map_courses(volume, regions, folder=self.folder)
            parts, origin = divide(volume, courses, [candidates[n] for n in shown])
            inputs = describe_candidates(volume, anatomy, courses, parts)
            kinds, segments = classify(load_network("lesions", self.folder), inputs)
            verdicts = [as_verdict(kind, segment) for kind, segment in zip(kinds, segments, strict=True)]
            for n, own in join(volume, parts, verdicts, origin).items():
                judged[shown[n]] = own
        return tuple(one for own in judged for one in own)


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
    settings = network.entry.settings
    temperature, bias = float(settings.get("temperature", 1.0)), np.asarray(settings.get("bias", 0.0))
    rows = []
    for first in range(0, len(inputs.features), BATCH):
        part = slice(first, first + BATCH)
        rows.append(network.run(patch=inputs.patches[part], features=inputs.features[part]))
    kinds, segments = (np.concatenate([row[n] for row in rows]) for n in (0, 1))
    shares = _softmax(kinds / temperature + bias)
    # Noise does not rise so far once the scan is smoothed, however many specks there are: the bias is not for these.
    shares[inputs.features[:, SIGNIFICANCE] >= CLEAR_SIGNIFICANCE, NOISE] = 0.0
    return shares / shares.sum(axis=1, keepdims=True), _softmax(segments)


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
        segment=name_segment(segment, KINDS[best]) if is_sure else None,
        probability=coronary,
    )


def name_segment(segment: np.ndarray, vessel: str) -> int:
    """Give the likeliest SCCT segment of an artery, 1 to 18."""
    own = np.array([VESSEL_OF_SEGMENT[n] == vessel for n in range(1, SEGMENT_COUNT + 1)])
    return int(np.argmax(np.where(own, segment, -1.0))) + 1
