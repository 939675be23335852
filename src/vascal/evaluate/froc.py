"""FROC: share of lesions found against false positives per scan, as the threshold falls.

Free-response curves: Bunch et al., Proc SPIE 1977;127:124-135,
doi:10.1117/12.955926. Mean sensitivity at 1/8 to 8 false positives per scan:
Niemeijer et al., IEEE Trans Med Imaging 2011;30:215-223,
doi:10.1109/TMI.2010.2072789; intervals by drawing scans, and hits on a lesion
already hit counted neither way: Setio et al., Med Image Anal 2017;42:1-13,
doi:10.1016/j.media.2017.06.015.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Int64
from numpy import ndarray

from vascal.errors import EvaluationError
from vascal.evaluate.bootstrap import Resampling
from vascal.evaluate.estimate import LEVEL, Estimate
from vascal.evaluate.lesion_detection import SizeBand
from vascal.evaluate.lesion_matching import LesionMatch
from vascal.evaluate.study_means import NAN, Patients, resample_patients

Between = Literal["step", "line"]
RATES = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
"""False positives per scan at which sensitivity is read (Niemeijer 2011)."""
FALSE_POSITIVE = -1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidates:
    """What a detector proposed in a set of scans, and the lesions there were.

    Parameters
    ----------
    score
        (candidate,) how sure the detector is; higher is surer.
    scan
        (candidate,) number of the scan it lies in, 0 to `scans` - 1.
    lesion
        (candidate,) position of the lesion it hits in `lesion_scan`; -1 for none.
    lesion_scan
        (lesion,) number of the scan each lesion of the reference lies in.
    scans
        How many scans were read, those without lesions or candidates included.
    lesion_vessel, lesion_size_mm3
        (lesion,) 0 and NaN where not known.

    Raises
    ------
    EvaluationError
        If scores are not finite, a position is out of range, or a candidate hits
        a lesion of another scan.
    """

    score: Float[ndarray, " candidate"]
    scan: Int64[ndarray, " candidate"]
    lesion: Int64[ndarray, " candidate"]
    lesion_scan: Int64[ndarray, " lesion"]
    scans: int
    lesion_vessel: Int64[ndarray, " lesion"]
    lesion_size_mm3: Float[ndarray, " lesion"]

    def __post_init__(self) -> None:
        if unusable := int(np.sum(~np.isfinite(self.score))):
            raise EvaluationError(f"finite scores are needed; {unusable} of {len(self.score)} are not")
        _require_range("scans of candidates", self.scan, 0, self.scans)
        _require_range("scans of lesions", self.lesion_scan, 0, self.scans)
        _require_range("lesions of candidates", self.lesion, FALSE_POSITIVE, len(self.lesion_scan))
        hits = self.lesion != FALSE_POSITIVE
        if elsewhere := int(np.sum(self.lesion_scan[self.lesion[hits]] != self.scan[hits])):
            raise EvaluationError(f"a candidate hits lesions of its own scan only; {elsewhere} hit another scan's")

    def of_lesions(self, chosen: Bool[ndarray, " lesion"]) -> Candidates:
        """Keep some lesions; candidates that hit the others count neither way, false positives all stay."""
        position = np.where(chosen, np.cumsum(chosen) - 1, len(chosen))
        hits = self.lesion != FALSE_POSITIVE
        lesion = self.lesion.copy()
        lesion[hits] = position[self.lesion[hits]]
        kept = ~hits | (lesion < len(chosen))
        return replace(
            self,
            score=self.score[kept],
            scan=self.scan[kept],
            lesion=lesion[kept],
            lesion_scan=self.lesion_scan[chosen],
            lesion_vessel=self.lesion_vessel[chosen],
            lesion_size_mm3=self.lesion_size_mm3[chosen],
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FrocCurve:
    """Operating points from the strictest threshold, at which nothing is proposed, to the loosest.

    Parameters
    ----------
    threshold
        (point,) lowest score that is still proposed; infinite at the first point.
    false_positives_per_scan, sensitivity
        (point,) at that threshold, never falling; sensitivity is NaN without lesions.
    """

    threshold: Float[ndarray, " point"]
    false_positives_per_scan: Float[ndarray, " point"]
    sensitivity: Float[ndarray, " point"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FrocScore:
    """Sensitivity at chosen numbers of false positives per scan.

    Parameters
    ----------
    sensitivity
        By false positives per scan.
    mean_sensitivity
        Their plain mean: with the usual rates the competition performance metric (CPM).
    lesions, scans
        How many there were.
    """

    sensitivity: Mapping[float, Estimate]
    mean_sensitivity: Estimate
    lesions: int
    scans: int


def gather_candidates(matches: Sequence[LesionMatch], scores: Sequence[Mapping[int, float]]) -> Candidates:
    """Collect the predicted lesions of several scans with how sure the method is of each.

    Parameters
    ----------
    matches
        One for each scan.
    scores
        For each scan, by number of the predicted lesion.

    Raises
    ------
    EvaluationError
        If a predicted lesion has no score, or scans and scores differ in number.
    """
    if len(matches) != len(scores):
        raise EvaluationError(f"scores of every scan are needed; {len(matches)} scans and {len(scores)} scores found")
    lesions = [(scan, row) for scan, match in enumerate(matches) for row in match.reference]
    position = {(scan, row.lesion): index for index, (scan, row) in enumerate(lesions)}
    found = [(scan, row) for scan, match in enumerate(matches) for row in match.predicted]
    if missing := sum(row.lesion not in scores[scan] for scan, row in found):
        raise EvaluationError(f"a score for each predicted lesion is needed; {missing} have none")
    hit = [FALSE_POSITIVE if row.matched is None else position[scan, row.matched] for scan, row in found]
    return Candidates(
        score=np.array([scores[scan][row.lesion] for scan, row in found], dtype=float),
        scan=np.array([scan for scan, _ in found], dtype=np.int64),
        lesion=np.array(hit, dtype=np.int64),
        lesion_scan=np.array([scan for scan, _ in lesions], dtype=np.int64),
        scans=len(matches),
        lesion_vessel=np.array([row.vessel for _, row in lesions], dtype=np.int64),
        lesion_size_mm3=np.array([row.size_mm3 for _, row in lesions], dtype=float),
    )


def find_froc_curve(candidates: Candidates) -> FrocCurve:
    """Find the operating point of every threshold that changes anything.

    Raises
    ------
    EvaluationError
        If there is no scan.

    Notes
    -----
    Of several candidates on one lesion the surest is the hit and the others
    count neither way. Equal scores enter together.
    """
    _require_scans(candidates)
    ordered = _order(candidates)
    false_positives, sensitivity = _walk(ordered, np.ones(candidates.scans))
    return FrocCurve(
        threshold=np.concatenate([[np.inf], ordered.score[ordered.last]]),
        false_positives_per_scan=false_positives,
        sensitivity=sensitivity,
    )


def score_froc(
    candidates: Candidates,
    *,
    rates: Sequence[float] = RATES,
    between: Between = "step",
    patients: Patients | None = None,
    resampling: Resampling | None = None,
    level: float = LEVEL,
) -> FrocScore:
    """Sensitivity at given numbers of false positives per scan, with intervals that draw patients whole.

    Parameters
    ----------
    rates
        False positives per scan.
    between
        What holds between two thresholds: ``step`` takes the looser one's
        sensitivity only when its false positives are reached, so that every
        number can be attained; ``line`` interpolates, as LUNA16's evaluation does.
        They differ only where hits and false positives share a score.
    patients
        (scan,) which patient each scan is of, when some have several.
    resampling
        Percentile interval of 1,000 resamples, seed 0, unless given.

    Raises
    ------
    EvaluationError
        If there is no scan or no rate, or a rate is negative.

    Notes
    -----
    A detector that never makes as many false positives is read at its loosest
    threshold. Without lesions sensitivity is NaN; resamples without are left out.
    """
    _require_scans(candidates)
    if not rates or not all(0 <= rate < math.inf for rate in rates):
        raise EvaluationError(f"false positives per scan of 0 or more are needed; {tuple(rates)} given")
    ordered = _order(candidates)

    def statistics(counts: ndarray) -> dict[str, ndarray]:
        read = np.array([_read(*_walk(ordered, drawn), rates, between) for drawn in counts])
        return {"mean": read.mean(axis=1)} | {str(column): read[:, column] for column in range(len(rates))}

    found = resample_patients(statistics, candidates.scans, patients=patients, resampling=resampling, level=level)
    return FrocScore(
        sensitivity={rate: found[str(column)] for column, rate in enumerate(rates)},
        mean_sensitivity=found["mean"],
        lesions=len(candidates.lesion_scan),
        scans=candidates.scans,
    )


def score_froc_by_vessel(
    candidates: Candidates,
    vessels: Iterable[int],
    *,
    between: Between = "step",
    patients: Patients | None = None,
    resampling: Resampling | None = None,
    level: float = LEVEL,
) -> dict[int, FrocScore]:
    """Score the lesions of each vessel against all false positives.

    Notes
    -----
    A false positive lies in no vessel of the reference, so that the number per
    scan is that of the whole heart for every vessel.
    """
    return {
        vessel: score_froc(
            candidates.of_lesions(candidates.lesion_vessel == vessel),
            between=between,
            patients=patients,
            resampling=resampling,
            level=level,
        )
        for vessel in vessels
    }


def score_froc_by_size(
    candidates: Candidates,
    edges_mm3: Sequence[float],
    *,
    between: Between = "step",
    patients: Patients | None = None,
    resampling: Resampling | None = None,
    level: float = LEVEL,
) -> dict[SizeBand, FrocScore]:
    """Score lesions in bands of size against all false positives.

    Parameters
    ----------
    edges_mm3
        Where a band ends and the next begins, ascending; from 0 to the first
        edge and from the last one up are bands too.
    """
    bands = [SizeBand(low_mm3=low, high_mm3=high) for low, high in pairwise([0.0, *edges_mm3, math.inf])]
    size = candidates.lesion_size_mm3
    return {
        band: score_froc(
            candidates.of_lesions((size >= band.low_mm3) & (size < band.high_mm3)),
            between=between,
            patients=patients,
            resampling=resampling,
            level=level,
        )
        for band in bands
    }


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Ordered:
    """Candidates from the surest down.

    Parameters
    ----------
    score, scan
        (candidate,)
    is_hit, is_false_positive
        (candidate,) neither for a second hit on a lesion.
    last
        (threshold,) position of the last candidate of each score.
    lesions_in_scan
        (scan,)
    """

    score: ndarray
    scan: ndarray
    is_hit: ndarray
    is_false_positive: ndarray
    last: ndarray
    lesions_in_scan: ndarray


def _order(candidates: Candidates) -> _Ordered:
    order = np.argsort(-candidates.score, kind="stable")
    score, lesion = candidates.score[order], candidates.lesion[order]
    is_hit = np.zeros(len(score), dtype=bool)
    lesions, first = np.unique(lesion, return_index=True)
    is_hit[first[lesions != FALSE_POSITIVE]] = True
    return _Ordered(
        score=score,
        scan=candidates.scan[order],
        is_hit=is_hit,
        is_false_positive=lesion == FALSE_POSITIVE,
        last=np.flatnonzero(np.append(score[1:] != score[:-1], True)[: len(score)]),
        lesions_in_scan=np.bincount(candidates.lesion_scan, minlength=candidates.scans),
    )


def _walk(ordered: _Ordered, drawn: ndarray) -> tuple[ndarray, ndarray]:
    """False positives per scan and sensitivity at every threshold, with each scan counted as often as drawn."""
    times = drawn[ordered.scan]
    false_positives = np.cumsum(times * ordered.is_false_positive)[ordered.last] / drawn.sum()
    hits = np.cumsum(times * ordered.is_hit)[ordered.last]
    lesions = float(drawn @ ordered.lesions_in_scan)
    sensitivity = hits / lesions if lesions else np.full(len(hits), NAN)
    return np.append(0.0, false_positives), np.append(0.0 if lesions else NAN, sensitivity)


def _read(false_positives: ndarray, sensitivity: ndarray, rates: Sequence[float], between: Between) -> ndarray:
    wanted = np.array(rates, dtype=float)
    # 3 false positives in 24 scans must count as 1/8 however the sum was rounded.
    before = np.searchsorted(false_positives, wanted * (1 + 1e-12), side="right") - 1
    if between == "step":
        return np.asarray(sensitivity[before])
    after = np.minimum(before + 1, len(sensitivity) - 1)
    gap = false_positives[after] - false_positives[before]
    share = np.divide(wanted - false_positives[before], gap, out=np.zeros(len(wanted)), where=gap > 0)
    return np.asarray(sensitivity[before] + share * (sensitivity[after] - sensitivity[before]))


def _require_scans(candidates: Candidates) -> None:
    if candidates.scans < 1:
        raise EvaluationError("FROC needs at least 1 scan; 0 found")


def _require_range(what: str, values: ndarray, low: int, end: int) -> None:
    if outside := int(np.sum((values < low) | (values >= end))):
        raise EvaluationError(f"{what} from {low} to {end - 1} are needed; {outside} are outside")
