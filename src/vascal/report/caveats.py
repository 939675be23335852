"""What a reader must know before trusting a score.

A caveat never changes a number. It says that the number was measured in
conditions for which the published meaning is weaker, or does not hold.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from vascal.anatomy.segmenter import Anatomy
from vascal.calcium.contrast import SUFFIX
from vascal.calcium.lesions import UNASSIGNED
from vascal.calcium.mass import Calibration
from vascal.calcium.rule import AgatstonRule
from vascal.calcium.score import CalciumScore
from vascal.calcium.uncertainty import TotalUncertainty
from vascal.study import Acquisition
from vascal.volume import Grid, OneSliceGrid

FoundBy = Literal["labels", "rules", "learned"]
"""Who marked the calcium: a person or another program, or vascal's own finder."""

Severity = Literal["critical", "caution", "info"]
LEAST_CATEGORY, SHOWN_CATEGORY = 0.7, 0.1
"""A risk category less likely than the first is in doubt; others are named from the second on."""
LEAST_AGREEMENT = 0.7
"""Dice of two outlines of one heart; on simulated scans the finders agree to 0.8 and better."""
GRAVITY: tuple[Severity, ...] = ("critical", "caution", "info")

THICK_SLICE_MM = 3.5
THIN_SLICE_MM = 2.0
NOISE_LIMIT_HU = 30.0
METAL_HU = 2000
SHARP_WORDS = ("LUNG", "BONE", "EDGE", "SHARP", "DETAIL", "ULTRA")
SHARP_LETTERS = frozenset({"C", "D", "E", "L", "YC", "YD"})
NUMBERED_KERNEL = re.compile(r"(?P<family>FC|[BDHIJQSTU][A-Z]?)(?P<number>\d\d)")
"""Canon's FC, or a Siemens family: body, head, iterative, quantitative, high resolution; then two digits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caveat:
    """One limit of a result.

    Parameters
    ----------
    code
        Stable short name for programs.
    message
        What was found and what it does to the score.
    severity
        ``critical``: the total must not be quoted as a calcium score;
        ``caution``: read it with this in mind; ``info``: for the record.
    """

    code: str
    message: str
    severity: Severity = "caution"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Circumstances:
    """Everything caveats are drawn from."""

    acquisition: Acquisition
    grid: Grid
    rule: AgatstonRule
    calibration: Calibration
    score: CalciumScore
    anatomy: Anatomy
    found_by: FoundBy = "rules"
    has_empty_labels: bool = False
    uncertainty: TotalUncertainty | None = None
    source_format: str = "dicom"
    series_notes: tuple[str, ...] = ()
    compensations: tuple[str, ...] = ()


def find_caveats(seen: Circumstances) -> tuple[Caveat, ...]:
    """List what a reader must know of this result, gravest first."""
    found = [
        *_contrast(seen),
        *_virtual(seen),
        *_single_slice(seen.grid),
        *_heart(seen),
        *_gating(seen.acquisition),
        *_tube_voltage(seen),
        *_slices(seen),
        *_kernel(seen.acquisition),
        *_noise_and_metal(seen),
        *_finder(seen),
        *_doubt(seen),
        *_settings(seen),
        *(Caveat(code="series-note", message=note, severity="info") for note in seen.series_notes),
        Caveat(code="not-a-medical-device", message="For research. Not a medical device.", severity="info"),
    ]
    return tuple(sorted(found, key=lambda caveat: GRAVITY.index(caveat.severity)))


def _contrast(seen: Circumstances) -> Iterator[Caveat]:
    if seen.anatomy.is_contrast_enhanced:
        levels = (("heart", seen.anatomy.blood_hu), ("aorta", seen.anatomy.aorta_hu))
        measured = ", ".join(f"{name} {hu:.0f} HU" for name, hu in levels if hu is not None)
        yield Caveat(
            code="contrast",
            message=f"Blood is contrast-enhanced ({measured}). Iodine exceeds the calcium threshold: "
            "the total is not an Agatston score and must not be quoted as one." + _estimate(seen.rule),
            severity="caution" if seen.found_by == "labels" else "critical",
        )
    elif seen.acquisition.contrast_agent:
        message = "The header names a contrast agent, but blood in the image does not show it."
        yield Caveat(code="contrast-claimed", message=message)


def _estimate(rule: AgatstonRule) -> str:
    """Say by which threshold calcium was told from contrast agent, if it was."""
    if not rule.name.endswith(SUFFIX):
        return ""
    return f" Calcium above {rule.threshold_hu:.0f} HU, over the brightest blood, was added up as an estimate."


def _virtual(seen: Circumstances) -> Iterator[Caveat]:
    if seen.acquisition.is_virtual_non_contrast:
        yield Caveat(
            code="virtual-non-contrast",
            message="Iodine was subtracted from this image by dual energy, and about two thirds of the calcium's CT "
            "number went with it: there is no Agatston score of it. Mass was multiplied by 2.8 (computed, 2.0 to 2.9).",
            severity="critical",
        )


def _single_slice(grid: Grid) -> Iterator[Caveat]:
    if isinstance(grid, OneSliceGrid):
        yield Caveat(
            code="single-slice",
            message="One slice was measured on request; a calcium score is defined on the whole heart. The sum is of "
            f"this slice alone, over its nominal thickness of {grid.slice_thickness_mm:g} mm, and must not be quoted "
            "as a score. The heart was looked for in a stack of copies of the slice.",
            severity="critical",
        )


def _heart(seen: Circumstances) -> Iterator[Caveat]:
    if seen.anatomy.heart_cut_off:
        sides = ", ".join(seen.anatomy.heart_cut_off)
        yield Caveat(
            code="heart-cut-off",
            message=f"The field of view ends inside the heart ({sides}): calcium outside it is not in the score.",
        )


def _gating(acquisition: Acquisition) -> Iterator[Caveat]:
    gating = acquisition.gating
    if gating.is_gated:
        if gating.evidence == "description":
            message = "Only its description says that the scan is ECG-gated; no attribute confirms it."
            yield Caveat(code="gating-unconfirmed", message=message, severity="info")
        return
    known = "is not ECG-gated" if gating.is_gated is False else "shows no sign of ECG gating"
    yield Caveat(
        code="non-gated",
        message=f"The scan {known}. Motion blurs calcium: against gated scans of the same patients, "
        "38 % changed category, mostly downwards (World J Radiol 2014;6:381).",
    )


def _tube_voltage(seen: Circumstances) -> Iterator[Caveat]:
    kvp, rule = seen.acquisition.kvp, seen.rule
    if kvp is None:
        yield Caveat(
            code="kvp-unknown", message=f"Tube voltage unknown; scored as {rule.kvp:g} kVp. State it with --kvp."
        )
    elif kvp != rule.kvp:
        yield Caveat(
            code="kvp-mismatch",
            message=f"Scanned at {kvp:g} kVp but scored by numbers for {rule.kvp:g} kVp: "
            + ("too high." if kvp < rule.kvp else "too low."),
        )
    elif kvp != 120:
        yield Caveat(
            code="kvp-adapted",
            message=f"Scanned at {kvp:g} kVp. Threshold ({rule.threshold_hu:.0f} HU) and weights were scaled "
            "from 120 kVp by the attenuation of calcium.",
        )
    material = (seen.acquisition.filter_material or "").upper()
    if "TIN" in material.replace(",", " ").split() or "SN" in material.split():
        yield Caveat(
            code="tin-filter",
            message="The beam was filtered with tin. No published threshold holds for it; scores come out lower.",
        )


def _slices(seen: Circumstances) -> Iterator[Caveat]:
    spacing, thickness = seen.grid.spacing_between_slices_mm, seen.acquisition.slice_thickness_mm
    measured = thickness or spacing
    if not seen.grid.is_even:
        yield Caveat(
            code="gaps",
            message="Slices are unevenly spaced and were accepted on request. Each counts with the length of patient "
            "it stands for; calcium between distant slices is not seen.",
        )
    if measured > THICK_SLICE_MM:
        yield Caveat(
            code="thick-slices",
            message=f"Slices of {measured:g} mm: small and faint calcium falls below the threshold "
            "(5 mm against 3 mm: about -47 %, simulated).",
        )
    elif measured < THIN_SLICE_MM:
        yield Caveat(
            code="thin-slices",
            message=f"Slices of {measured:g} mm: less blur and more noise raise the score "
            "(1 mm against 3 mm: about +43 %, simulated).",
        )
    if thickness is not None and spacing > 1.1 * thickness:
        yield Caveat(
            code="gaps",
            message=f"Slices of {thickness:g} mm every {spacing:g} mm: what lies between them was not imaged.",
        )
    elif thickness is not None and spacing < 0.9 * thickness:
        yield Caveat(
            code="overlapping-slices",
            message=f"Slices of {thickness:g} mm every {spacing:g} mm overlap; the score counts the spacing.",
            severity="info",
        )


def _kernel(acquisition: Acquisition) -> Iterator[Caveat]:
    sharp = [kernel for kernel in acquisition.kernels if is_sharp_kernel(kernel)]
    if sharp:
        yield Caveat(
            code="sharp-kernel",
            message=f"Kernel {', '.join(sharp)} sharpens edges and noise: the score comes out too high.",
        )


def is_sharp_kernel(kernel: str) -> bool:
    """Tell whether a convolution kernel's name means a sharp image.

    By the makers' own naming: Siemens B, D, H, I, J, Q, T, U, Br, Bv, Qr, Hr ... with a sharpness of
    45 and above (B46f is sold for stents); Philips C, D, E, L, YC, YD; Canon FC 30 to 39,
    50 to 59 and 80 to 89; GE words such as LUNG, BONE, EDGE, DETAIL. An unknown name counts as soft.

    Examples
    --------
    >>> [is_sharp_kernel(k) for k in ("B35f", "Qr36d", "B70f", "FC12", "FC52", "STANDARD", "LUNG", "B", "L")]
    [False, False, True, False, True, False, True, False, True]
    """
    name = kernel.strip(" []'\"").upper()
    if any(word in name for word in SHARP_WORDS) or name in SHARP_LETTERS:
        return True
    numbered = NUMBERED_KERNEL.match(name)
    if numbered is None:
        return False
    family, number = numbered["family"], int(numbered["number"])
    return number // 10 in {3, 5, 8} if family == "FC" else number >= 45


def _noise_and_metal(seen: Circumstances) -> Iterator[Caveat]:
    if (seen.anatomy.noise_sd_hu or 0.0) > NOISE_LIMIT_HU:
        yield Caveat(
            code="noise",
            message=f"Noise of {seen.anatomy.noise_sd_hu:.0f} HU (limit {NOISE_LIMIT_HU:.0f}): "
            "specks of noise reach the threshold and small calcium is uncertain.",
        )
        if seen.found_by != "labels" and any(map(is_sharp_kernel, seen.acquisition.kernels)):
            yield Caveat(
                code="sharp-and-noisy",
                message="A sharp kernel and this noise together make edges look like calcium to the automatic finder: "
                "the total must not be quoted. Score the soft kernel, or give labels.",
                severity="critical",
            )
    if any(lesion.peak_hu >= METAL_HU for lesion in seen.score.lesions):
        yield Caveat(
            code="metal",
            message=f"A scored lesion exceeds {METAL_HU} HU: a stent, clip or lead may have been scored as calcium.",
        )


def _finder(seen: Circumstances) -> Iterator[Caveat]:
    if seen.found_by == "labels":
        return
    how = "networks trained on simulated scans only" if seen.found_by == "learned" else "anatomy rules"
    yield Caveat(
        code="found-automatically",
        message=f"Calcium was found and named by {how}, which no clinical study has validated. Check every lesion.",
    )
    overlap = seen.anatomy.agreement
    if overlap is not None and overlap < LEAST_AGREEMENT:
        yield Caveat(
            code="finders-disagree",
            message=f"Network and anatomy rules outline different hearts (overlap {overlap:.2f}, Dice): "
            "one of them is wrong, and the total must not be quoted before the outline is checked.",
            severity="critical",
        )
    unassigned = seen.score.vessels.get(UNASSIGNED)
    if unassigned is not None and unassigned.lesions:
        yield Caveat(
            code="vessel-uncertain",
            message=f"The vessel of {unassigned.lesions} lesion(s) is uncertain; they count in the total "
            "but in no vessel, so the number of vessels is a lower bound.",
        )
    for note in seen.anatomy.notes:
        yield Caveat(code="finder-note", message=note, severity="info")


def _doubt(seen: Circumstances) -> Iterator[Caveat]:
    """Say so where the lesions that were scored may as well be none, or others be some."""
    doubt = seen.uncertainty
    if doubt is None or doubt.categories[seen.score.risk_category] >= LEAST_CATEGORY:
        return
    likely = sorted(doubt.categories.items(), key=lambda item: -item[1])
    shares = ", ".join(f"{name} with {100 * share:.0f} %" for name, share in likely if share >= SHOWN_CATEGORY)
    yield Caveat(
        code="category-in-doubt",
        message=f"The category is in doubt: {shares}, as learned on simulated scans. Look at the least sure lesions.",
    )


def _settings(seen: Circumstances) -> Iterator[Caveat]:
    if seen.has_empty_labels:
        yield Caveat(
            code="labels-empty", message="The label map marks nothing: the score is 0 whatever the scan shows."
        )
    if seen.rule.changed:
        names = ", ".join(seen.rule.changed)
        yield Caveat(
            code="rule-changed",
            message=f"Rule {seen.rule.name} was changed by hand ({names}): the score is not comparable "
            "with published ones.",
        )
    if seen.compensations:
        yield Caveat(
            code="compensated",
            message="The score was brought towards 120 kVp and 3 mm "
            f"({', '.join(seen.compensations)}). These corrections were fitted on simulated scans only: "
            "it is not an Agatston score as published.",
        )
    if seen.calibration.source == "assumed":
        yield Caveat(
            code="calibration-assumed",
            message="Mass uses an assumed calibration (100 mg/cm3 = 130 HU at 120 kVp); "
            "scanners differ by -15 to +25 %.",
            severity="info",
        )
    if seen.source_format != "dicom":
        yield Caveat(
            code="no-dicom-header",
            message="The input is not DICOM: acquisition facts are as stated by the user, or unknown.",
            severity="info",
        )
