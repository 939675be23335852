"""Composition root: a study goes in, reports come out."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

import vascal
from vascal.anatomy.segmenter import Anatomy
from vascal.calcium.calibration_table import CalibrationTable, look_up_calibration
from vascal.calcium.candidates import find_candidates
from vascal.calcium.compensation import (
    Compensated,
    ScanFacts,
    choose_compensations,
    compensate,
    known_kernel,
    thicken_labels,
)
from vascal.calcium.contrast import contrast_rule
from vascal.calcium.finding import Finding, Rejected, find_calcium
from vascal.calcium.lesions import find_lesions
from vascal.calcium.mass import Calibration, assume_calibration, calibrate_from_rods, correct_virtual
from vascal.calcium.rule import AgatstonRule, choose_rule, override_rule
from vascal.calcium.score import score_calcium
from vascal.calcium.single_slice import JudgeOfSlice, SegmenterOfSlice
from vascal.calcium.uncertainty import doubt_total
from vascal.errors import PixelError, RuleError, VascalError
from vascal.given_labels import read_given_labels
from vascal.io.reading import read_volume
from vascal.io.sources import hash_file, identify_sources
from vascal.models.finder import DEFAULT_FINDER, Finder, choose_finder
from vascal.report.caveats import Circumstances, FoundBy, find_caveats
from vascal.report.choice import Choice, choose_report
from vascal.report.provenance import Provenance
from vascal.report.report import ImageFindings, RejectedCandidate, Report, SeriesFacts
from vascal.score_options import ScoreOptions
from vascal.study import Acquisition, Refusal, Series, Study
from vascal.volume import LabelMap, OneSliceGrid, Volume

LIMIT_HU = 32767
"""Largest CT number a volume holds."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScoredSeries:
    """A report with the pixels and regions it came from.

    Parameters
    ----------
    report
        What is said.
    volume
        The CT that was scored.
    finding
        Lesions and rejected candidates, voxel by voxel.
    anatomy
        What was found around the heart.
    """

    report: Report
    volume: Volume
    finding: Finding
    anatomy: Anatomy


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StudyResult:
    """Reports on all series of a study that can be scored, and what could not be.

    Parameters
    ----------
    reports
        One a series.
    refusals
        Series and files that were not scored, with reasons.
    choice
        Which report to quote and why; None if none is quotable.
    """

    reports: tuple[Report, ...]
    refusals: tuple[Refusal, ...]
    choice: Choice | None

    @property
    def best(self) -> Report | None:
        """The report to quote."""
        return None if self.choice is None else self.reports[self.choice.index]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Setting:
    """What one series is scored with, once header and options are reconciled."""

    acquisition: Acquisition
    rule: AgatstonRule
    calibration: Calibration


def score(study: Study, options: ScoreOptions | None = None, *, finder: Finder | None = None) -> StudyResult:
    """Score every series of a study.

    Parameters
    ----------
    study
        From `read_study`.
    options
        What to do differently from the defaults.
    finder
        Finds heart and calcium; the one that the options name unless given.

    Returns
    -------
    StudyResult
        A series that can not be scored becomes a refusal, never an exception.
    """
    reports: list[Report] = []
    refusals = list(study.refusals)
    for series in study.series:
        try:
            reports.append(score_series(series, options, finder=finder, study_date=study.study_date).report)
        except VascalError as error:
            refusals.append(refuse(series, error))
    return StudyResult(reports=tuple(reports), refusals=tuple(refusals), choice=choose_report(reports))


def refuse(series: Series, error: VascalError) -> Refusal:
    """Turn an error about one series into an entry of the failures list."""
    return Refusal(
        subject=series.key, code=error.code, message=str(error), study_instance_uid=series.study_instance_uid
    )


def score_series(
    series: Series,
    options: ScoreOptions | None = None,
    *,
    finder: Finder | None = None,
    study_date: str = "",
) -> ScoredSeries:
    """Read and score one series.

    Parameters
    ----------
    series
        One even axial stack, or a slice that stands alone, from `read_study`.
    options
        What to do differently from the defaults.
    finder
        Finds heart and calcium; the one that the options name unless given.
    study_date
        Shown in the report, ``YYYYMMDD``.

    Raises
    ------
    VascalError
        What makes this series impossible to score.
    """
    chosen = options or ScoreOptions()
    labels = read_given_labels(series, chosen)
    volume = read_volume(series)
    require_ct_numbers(volume)
    setting = _settle(series.acquisition, volume, chosen)
    chosen_finder = _fit_finder(finder or name_finder(chosen), volume)
    anatomy = chosen_finder.segmenter.find_anatomy(volume)
    compensated = _compensate(volume, series, anatomy.noise_sd_hu, setting, chosen)
    setting = replace(setting, rule=compensated.rule)
    if compensated.volume.grid is not volume.grid:
        labels = None if labels is None else thicken_labels(labels, compensated.volume.grid.spacing_between_slices_mm)
        anatomy = chosen_finder.segmenter.find_anatomy(compensated.volume)
    volume = compensated.volume
    found_by: FoundBy = chosen_finder.name if labels is None else "labels"
    if found_by == "learned":
        setting = replace(setting, rule=contrast_rule(setting.rule, anatomy))
    finding = (
        find_calcium(volume, anatomy, setting.rule, chosen_finder.judge)
        if labels is None
        else find_labelled(volume, labels, setting.rule)
    )
    bmi = series.patient.bmi
    numbers = score_calcium(volume, finding.lesions, rule=setting.rule, calibration=setting.calibration, bmi=bmi)
    seen = Circumstances(
        acquisition=setting.acquisition,
        grid=volume.grid,
        rule=setting.rule,
        calibration=setting.calibration,
        score=numbers,
        anatomy=anatomy,
        found_by=found_by,
        uncertainty=doubt_total(volume, finding, numbers, bmi=bmi) if found_by == "learned" else None,
        has_empty_labels=labels is not None and not labels.labels.any(),
        source_format=series.source_format,
        series_notes=series.notes,
        compensations=compensated.names,
    )
    trace = _trace(series, chosen, ", ".join(chosen_finder.models) or anatomy.finder)
    report = _write_report(series, study_date, seen, finding, trace)
    return ScoredSeries(report=report, volume=volume, finding=finding, anatomy=anatomy)


def _compensate(
    volume: Volume, series: Series, noise_sd_hu: float | None, setting: _Setting, chosen: ScoreOptions
) -> Compensated:
    """Correct towards the reference protocol, if asked to."""
    if not chosen.compensate:
        return Compensated(volume=volume, rule=setting.rule, score_factor=1.0, names=())
    if isinstance(volume.grid, OneSliceGrid):
        raise RuleError("corrections were fitted on whole hearts; a single slice is measured without --compensate")
    facts = ScanFacts(
        kvp=setting.acquisition.kvp,
        slice_mm=volume.grid.spacing_between_slices_mm,
        kernel=known_kernel(setting.acquisition.kernels),
        noise_sd_hu=noise_sd_hu,
        bmi=series.patient.bmi,
    )
    return compensate(volume, _stated_rule(None, chosen), choose_compensations(facts))


def _fit_finder(finder: Finder, volume: Volume) -> Finder:
    """Show a slice that stands alone to a finder as a stack; everything else as it is."""
    if not isinstance(volume.grid, OneSliceGrid):
        return finder
    return replace(
        finder, segmenter=SegmenterOfSlice(segmenter=finder.segmenter), judge=JudgeOfSlice(judge=finder.judge)
    )


def name_finder(chosen: ScoreOptions) -> Finder:
    """Give the finder that options ask for; a model of one's own is a learned one."""
    return choose_finder(chosen.finder or ("learned" if chosen.model else DEFAULT_FINDER), chosen.model)


def find_labelled(volume: Volume, labels: LabelMap, rule: AgatstonRule) -> Finding:
    """Take lesions from a label map: labelled voxels that pass the rule, nothing else.

    Parameters
    ----------
    volume
        CT: (slice, row, column), HU.
    labels
        Vessel of each voxel, on the same grid.
    rule
        Threshold, minimum patch and connectivity.
    """
    return Finding(lesions=find_lesions(find_candidates(volume, labels, rule), rule), rejected=())


def _settle(found: Acquisition, volume: Volume, chosen: ScoreOptions) -> _Setting:
    """Let stated facts replace the header's, then choose rule and calibration by them."""
    acquisition = state_facts(found, chosen)
    rule = _stated_rule(acquisition.kvp, chosen)
    calibration = _calibrate(volume, acquisition, chosen)
    if acquisition.is_virtual_non_contrast:
        calibration = correct_virtual(calibration)
    return _Setting(acquisition=acquisition, rule=rule, calibration=calibration)


def _stated_rule(kvp: float | None, chosen: ScoreOptions) -> AgatstonRule:
    """Choose the rule for a tube voltage, None being 120 kVp, with the user's own numbers in it."""
    return override_rule(
        choose_rule(kvp, chosen.rule),
        threshold_hu=chosen.threshold_hu,
        min_patch_mm2=chosen.min_area_mm2,
        min_patch_pixels=chosen.min_pixels,
    )


def _calibrate(volume: Volume, acquisition: Acquisition, chosen: ScoreOptions) -> Calibration:
    match chosen.calibration:
        case None:
            return assume_calibration(acquisition.kvp)
        case CalibrationTable() as table:
            return look_up_calibration(table, acquisition)
        case Calibration() as factor:
            return factor
        case water, calcium:
            return calibrate_from_rods(volume, water, calcium)


def state_facts(found: Acquisition, chosen: ScoreOptions) -> Acquisition:
    """Replace acquisition facts by what the user states."""
    stated = found
    if chosen.kvp is not None:
        stated = replace(stated, kvp=chosen.kvp)
    if chosen.slice_thickness_mm is not None:
        stated = replace(stated, slice_thickness_mm=chosen.slice_thickness_mm)
    if chosen.is_gated is not None:
        stated = replace(stated, gating=replace(found.gating, is_gated=chosen.is_gated, evidence="stated"))
    return stated


def _write_report(series: Series, study_date: str, seen: Circumstances, finding: Finding, trace: Provenance) -> Report:
    caveats = find_caveats(seen)
    return Report(
        series=_facts(series, study_date, seen.acquisition),
        found_by=seen.found_by,
        score=seen.score,
        uncertainty=seen.uncertainty,
        is_quotable=all(caveat.severity != "critical" for caveat in caveats),
        rejected=tuple(_describe(rejected, seen.grid.shape) for rejected in finding.rejected),
        findings=_findings(seen.anatomy),
        caveats=caveats,
        provenance=trace,
    )


def _facts(series: Series, study_date: str, acquisition: Acquisition) -> SeriesFacts:
    return SeriesFacts(
        study_instance_uid=series.study_instance_uid,
        series_instance_uid=series.series_instance_uid,
        key=series.key,
        series_number=series.series_number,
        series_description=series.series_description,
        study_date=study_date,
        shape=series.grid.shape,
        spacing_mm=series.grid.spacing_mm,
        is_even=series.grid.is_even,
        acquisition=acquisition,
        patient=series.patient,
        source_format=series.source_format,
    )


def _describe(rejected: Rejected, shape: tuple[int, int, int]) -> RejectedCandidate:
    slices = rejected.candidate.index // (shape[1] * shape[2])
    return RejectedCandidate(
        reason=rejected.reason,
        volume_mm3=rejected.candidate.volume_mm3,
        peak_hu=int(rejected.candidate.peak_hu),
        center_mm=rejected.candidate.center_mm,
        slices=(int(slices.min()), int(slices.max())),
        probability=rejected.probability,
    )


def _findings(anatomy: Anatomy) -> ImageFindings:
    grid = anatomy.structures.grid
    per_slice = np.count_nonzero(anatomy.structures.mask("heart"), axis=(1, 2))
    return ImageFindings(
        finder=anatomy.finder,
        heart_volume_ml=float(per_slice @ grid.slice_extents_mm()) * grid.pixel_area_mm2 / 1000.0,
        blood_hu=anatomy.blood_hu,
        aorta_hu=anatomy.aorta_hu,
        noise_sd_hu=anatomy.noise_sd_hu,
        is_contrast_enhanced=anatomy.is_contrast_enhanced,
    )


def require_ct_numbers(volume: Volume) -> None:
    """Refuse pixels that can not be HU of a patient.

    Raises
    ------
    PixelError
        If nothing is darker than water: every body has fat, lung or air around it.
        Or if more than one voxel in a hundred is at the limit of the number format.
    """
    lowest, highest = int(volume.hu.min()), int(volume.hu.max())
    if lowest >= 0 or lowest == highest:
        raise PixelError(f"voxels go from {lowest} to {highest}; CT numbers of a body in HU start below 0")
    if highest == LIMIT_HU and np.count_nonzero(volume.hu == LIMIT_HU) > volume.hu.size / 100:
        raise PixelError(f"many voxels exceed {LIMIT_HU} HU; needed: CT numbers in HU")


def _trace(series: Series, chosen: ScoreOptions, finder: str) -> Provenance:
    return Provenance(
        software="vascal",
        version=vascal.__version__,
        options=chosen.as_text(),
        source_uids=identify_sources(series),
        labels_sha256=hash_labels(chosen),
        finder=finder,
    )


def hash_labels(chosen: ScoreOptions) -> str | None:
    """Give the SHA-256 of the label file, if one was given."""
    return None if chosen.labels is None else hash_file(chosen.labels)
