"""One scan: what was found, against what was true."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass

import numpy as np

from bench.finding.cases import Case, simulate
from vascal.calcium.candidates import find_candidates
from vascal.calcium.contrast import contrast_rule
from vascal.calcium.finding import Finding, find_calcium
from vascal.calcium.lesions import VESSELS, Lesion, find_lesions
from vascal.calcium.rule import AGATSTON_1990
from vascal.calcium.score import CalciumScore, score_calcium
from vascal.calcium.uncertainty import doubt_total
from vascal.errors import AnatomyError
from vascal.models.finder import Finder
from vascal.simulate.ct.scan import SimulatedScan


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundLesion:
    """A true lesion, or a false one, and what became of it."""

    kind: str
    """``hit``, ``miss`` or ``false``."""
    vessel: str | None
    named: str | None
    segment: int | None
    named_segment: int | None
    agatston: float
    diameter_mm: float
    probability: float | None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One scan."""

    group: str
    protocol: str
    seed: int
    heart_dice: float
    true: float
    found: float
    true_by_vessel: tuple[float, ...]
    found_by_vessel: tuple[float, ...]
    low: float | None
    high: float | None
    seconds: float
    lesions: tuple[FoundLesion, ...]
    candidates: tuple[tuple[float, bool], ...]
    """Probability and truth of each candidate."""


def measure(case: Case, finder: Finder) -> Row:
    """Simulate, find and compare."""
    scan = simulate(case)
    started = time.perf_counter()
    anatomy = finder.segmenter.find_anatomy(scan.volume)
    rule = contrast_rule(AGATSTON_1990, anatomy)
    try:
        finding = find_calcium(scan.volume, anatomy, rule, finder.judge)
    except AnatomyError:
        finding = Finding(lesions=(), rejected=())
    seconds = time.perf_counter() - started
    truth = find_lesions(find_candidates(scan.volume, scan.vessels, rule), rule)
    true, found = (score_calcium(scan.volume, lesions, rule=rule) for lesions in (truth, finding.lesions))
    doubt = doubt_total(scan.volume, finding, found)
    heart, own = anatomy.structures.mask("heart"), scan.structures.mask("heart")
    dice = 2 * np.count_nonzero(heart & own) / max(1, np.count_nonzero(heart) + np.count_nonzero(own))
    return Row(
        group=case.group, protocol=case.protocol.name, seed=case.seed, heart_dice=float(dice),
        true=true.total.agatston, found=found.total.agatston, true_by_vessel=_by_vessel(true),
        found_by_vessel=_by_vessel(found), low=None if doubt is None else doubt.low,
        high=None if doubt is None else doubt.high, seconds=seconds,
        lesions=tuple(compare(scan, truth, true, finding, found)), candidates=tuple(_calibration(scan, finding)),
    )  # fmt: skip


def _by_vessel(score: CalciumScore) -> tuple[float, ...]:
    return tuple(score.vessels[name].agatston for name in VESSELS)


def compare(
    scan: SimulatedScan, truth: tuple[Lesion, ...], true: CalciumScore, finding: Finding, found: CalciumScore
) -> list[FoundLesion]:
    """Match lesions that share a voxel; a found lesion goes to the true one it shares most with."""
    owner = np.zeros(scan.volume.hu.size, dtype=np.int32)
    for number, lesion in enumerate(truth, start=1):
        owner[lesion.index] = number
    rows, taken = [], {}
    for lesion, scored in zip(finding.lesions, found.lesions, strict=True):
        touched = np.bincount(owner[lesion.index], minlength=len(truth) + 1)[1:]
        if touched.sum() == 0:
            rows.append(_row(scan, "false", None, lesion, scored.agatston))
            continue
        for number in np.flatnonzero(touched):
            best = taken.get(int(number))
            if best is None or best[0] < touched[number]:
                taken[int(number)] = (int(touched[number]), lesion)
    lost = {int(i): r.reason for r in finding.rejected for i in r.candidate.index}
    for number, (lesion, scored) in enumerate(zip(truth, true.lesions, strict=True)):
        match = taken.get(number)
        if match is None:
            reasons = Counter(lost[int(i)] for i in lesion.index if int(i) in lost)
            reason = reasons.most_common(1)[0][0] if reasons else "not a candidate"
            rows.append(_row(scan, "miss", lesion, None, scored.agatston, reason))
        else:
            rows.append(_row(scan, "hit", lesion, match[1], scored.agatston))
    return rows


def _row(
    scan: SimulatedScan,
    kind: str,
    true: Lesion | None,
    found: Lesion | None,
    agatston: float,
    reason: str | None = None,
) -> FoundLesion:
    size = (true or found).index.size * scan.volume.grid.pixel_area_mm2 * scan.volume.grid.spacing_between_slices_mm  # type: ignore[union-attr]
    return FoundLesion(
        kind=kind,
        vessel=None if true is None else true.vessel,
        named=None if found is None else found.vessel,
        segment=None if true is None else _segment(scan, true),
        named_segment=None if found is None else found.segment,
        agatston=agatston,
        diameter_mm=float((6 * size / np.pi) ** (1 / 3)),
        probability=None if found is None else found.confidence,
        reason=reason,
    )


def _segment(scan: SimulatedScan, lesion: Lesion) -> int | None:
    numbers = Counter(int(n) for n in scan.lesions.labels.reshape(-1)[lesion.index] if n)
    return scan.plaques[numbers.most_common(1)[0][0] - 1].segment if numbers else None


def _calibration(scan: SimulatedScan, finding: Finding) -> list[tuple[float, bool]]:
    vessels = scan.vessels.labels.reshape(-1)
    pairs = [(lesion.confidence, lesion.index) for lesion in finding.lesions]
    pairs += [(r.probability, r.candidate.index) for r in finding.rejected]
    return [(float(p), bool(np.mean(vessels[index] > 0) > 0.3)) for p, index in pairs if p is not None]
