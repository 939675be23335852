"""From the slices of one DICOM series to the stacks in it that can be scored.

One series may hold a localizer beside the scan, two reconstructions, or the
same heart at several phases. Slices that can not be scored are set aside with
a reason; what is left is split where its slices differ in make, and where
they repeat each other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from vascal.calcium.single_slice import SingleSlice
from vascal.errors import GeometryError, MissingSliceError, PixelError, UnsupportedImageError, VascalError
from vascal.io.dicom_acquisition import parse_acquisition, parse_patient
from vascal.io.dicom_header import SliceHeader, image_source
from vascal.io.dicom_stack import AXIS_TOLERANCE, DUPLICATE_MM, Stack, build_stack
from vascal.io.dicom_values import integer_of, number_of, text_of
from vascal.study import Refusal, Series

CT_CLASSES = {
    "1.2.840.10008.5.1.4.1.1.2": "CT Image",
    "1.2.840.10008.5.1.4.1.1.2.1": "Enhanced CT Image",
    "1.2.840.10008.5.1.4.1.1.2.2": "Legacy Converted Enhanced CT Image",
    "": "not given",
}
"""SOP classes that are read. Some anonymisers empty the class: Modality then decides."""

NO_SCAN_WORDS = {"LOCALIZER", "SCOUT", "TOPOGRAM", "SURVIEW", "SCANOGRAM"}
NO_TISSUE_WORDS = {
    "MIP", "MINIP", "MAX_IP", "MIN_IP", "MPR_MIP", "PROJECTION IMAGE", "VRT", "VOLREN", "SSD",
    "SCREEN SAVE", "SCREENSAVE", "SCREEN_CAPTURE", "DOSE_INFO", "DOSE", "PROTOCOL",
}  # fmt: skip
"""Values of Image Type whose pixels are no longer the attenuation of one place."""
HU_TYPES = {"", "HU", "US", "HU_MOD"}
"""Rescale Types that are, or for old writers may be, Hounsfield units (US: unspecified)."""

RepeatKey = Callable[[SliceHeader], object]
REPEAT_KEYS: tuple[RepeatKey, ...] = (
    lambda header: header.temporal_index,
    lambda header: header.phase_percent,
    lambda header: header.acquisition_number,
    lambda header: header.trigger_time_ms,
    lambda header: (header.phase_percent, header.acquisition_number),
    lambda header: header.image_type,
    lambda header: header.thickness_mm,
)
"""What may tell repeats of the same region apart, most telling first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembled:
    """What became of one DICOM series."""

    series: tuple[Series, ...]
    refusals: tuple[Refusal, ...]


def assemble_series(
    headers: Sequence[SliceHeader],
    *,
    accept_uneven: bool = False,
    single_slice: SingleSlice | None = None,
    notes: tuple[str, ...] = (),
) -> Assembled:
    """Make stacks from all slices that share one Series Instance UID.

    Parameters
    ----------
    headers
        The slices in any order.
    accept_uneven
        Let uneven distances between slices through, with a note.
    single_slice
        Let slices through that stand alone.
    notes
        To be carried by every stack.

    Returns
    -------
    Assembled
        Each stack as a `Series`; a `Refusal` for every reason something was not used.

    Notes
    -----
    Slices that differ in matrix, pixel spacing, orientation, kernel or tube
    voltage never share a stack. Acquisition Number, phase and trigger time
    split a stack only where slices repeat each other's positions: scanners
    that step the table number every step, and those slices belong together.
    """
    kept, refused = _screen(_without_copies(headers))
    subject = headers[0].series_instance_uid or headers[0].file.subject
    study = headers[0].study_instance_uid
    frames = {header.frame_of_reference_uid for header in kept}
    if len(frames) > 1:
        error = GeometryError(
            f"{len(frames)} frames of reference in one series: positions can not be compared; needed: one"
        )
        return Assembled(series=(), refusals=(*refused, _refusal(subject, error, study)))
    groups = [part for group in _alike(kept) for part in _split_repeats(group)]
    copies = len(headers) - len(_without_copies(headers))
    notes = (*notes, f"{copies} slices were given twice and used once") if copies else notes
    series: list[Series] = []
    for number, group in enumerate(groups, start=1):
        suffix = f".a{number}" if len(groups) > 1 else ""
        try:
            stack = build_stack(group, accept_uneven=accept_uneven, single_slice=single_slice)
            series.append(_series(stack, suffix, notes))
        except VascalError as error:
            refused = (*refused, _refusal(f"{subject}{suffix}", error, study))
    return Assembled(series=tuple(series), refusals=refused)


def require_scoreable(header: SliceHeader) -> None:
    """Refuse a slice that can not be part of a score, whatever its neighbours are.

    Raises
    ------
    UnsupportedImageError
        If it is not CT, a localizer, made after the examination (Image Type
        value 2 SECONDARY), a projection, a screen capture or in colour, or
        its numbers are not HU.
    PixelError
        If Rescale Slope or Intercept is missing, or the pixels' layout is unknown.
    GeometryError
        If it has no position, orientation or pixel spacing.

    Notes
    -----
    DERIVED alone is no reason: scanners write it on iterative and on axial
    multiplanar reconstructions, whose pixels are HU of one place. A reformat
    that is not axial is refused by its direction cosines, not by its name.
    """
    _require_ct(header)
    words = set(header.image_type)
    if words & NO_SCAN_WORDS:
        raise UnsupportedImageError("a localizer (Image Type); needed: axial slices")
    if header.image_type[1:2] == ("SECONDARY",) or words & NO_TISSUE_WORDS:
        kind = "\\".join(header.image_type)
        raise UnsupportedImageError(
            f"a secondary image, projection or screen capture ({kind}); needed: primary CT slices"
        )
    rescale_type = text_of(header.dataset, "RescaleType").upper()
    if rescale_type not in HU_TYPES:
        raise UnsupportedImageError(f"numbers are {rescale_type}, not HU (Rescale Type)")
    if header.slope is None or header.intercept is None or header.slope <= 0:
        raise PixelError("Rescale Slope or Intercept is missing or malformed; without them pixels are not HU")
    _require_pixel_layout(header)
    if header.position_mm is None or header.along_row is None or header.along_column is None:
        raise GeometryError("Image Position or Orientation (Patient) is missing or malformed")
    if header.spacing_mm is None or min(header.spacing_mm) <= 0:
        raise GeometryError("Pixel Spacing is missing, malformed or not positive")


def _require_ct(header: SliceHeader) -> None:
    if header.modality != "CT":
        raise UnsupportedImageError(f"modality {header.modality or 'not given'}; needed: CT")
    if header.sop_class_uid not in CT_CLASSES:
        raise UnsupportedImageError(f"modality CT, but SOP class {header.sop_class_uid}; needed: CT images")
    if header.samples_per_pixel != 1:
        raise UnsupportedImageError(f"{header.samples_per_pixel} samples per pixel (colour); needed: 1")


def _require_pixel_layout(header: SliceHeader) -> None:
    pixels = header.pixels
    if header.rows < 1 or header.columns < 1 or pixels.bits_allocated not in (8, 16, 32):
        size = f"{header.rows} x {header.columns} pixels of {pixels.bits_allocated} bits"
        raise PixelError(f"{size}; needed: at least 1 pixel of 8, 16 or 32 bits")
    if not 1 <= pixels.bits_stored <= pixels.high_bit + 1 <= pixels.bits_allocated:
        bits = f"{pixels.bits_stored} bits stored below bit {pixels.high_bit + 1} of {pixels.bits_allocated}"
        raise PixelError(f"{bits} make no pixel; the header contradicts itself")


def _screen(headers: Iterable[SliceHeader]) -> tuple[list[SliceHeader], tuple[Refusal, ...]]:
    """Set aside what can not be scored; one refusal for each reason."""
    kept: list[SliceHeader] = []
    reasons: dict[tuple[str, str], list[SliceHeader]] = defaultdict(list)
    for header in headers:
        try:
            require_scoreable(header)
            kept.append(header)
        except VascalError as error:
            reasons[error.code, str(error)].append(header)
    return kept, tuple(
        Refusal(
            subject=those[0].series_instance_uid or those[0].file.subject,
            code=code,
            message=message if len(those) == 1 else f"{len(those)} images: {message}",
            study_instance_uid=those[0].study_instance_uid,
        )
        for (code, message), those in reasons.items()
    )


def _without_copies(headers: Sequence[SliceHeader]) -> list[SliceHeader]:
    """Keep one of the files that hold the same instance (and frame) at the same position."""
    unique: dict[object, SliceHeader] = {}
    for index, header in enumerate(headers):
        identity = (header.sop_instance_uid, header.frame, header.position_mm) if header.sop_instance_uid else index
        unique.setdefault(identity, header)
    return list(unique.values())


def _alike(headers: Sequence[SliceHeader]) -> list[list[SliceHeader]]:
    """Group slices of one matrix, spacing, orientation, kernel and tube voltage."""
    groups: list[list[SliceHeader]] = []
    for header in headers:
        home = next((group for group in groups if _is_alike(group[0], header)), None)
        if home is None:
            groups.append([header])
        else:
            home.append(header)
    return groups


def _is_alike(one: SliceHeader, other: SliceHeader) -> bool:
    same = (one.rows, one.columns, one.kernels, one.kvp) == (other.rows, other.columns, other.kernels, other.kvp)
    return (
        same
        and np.allclose(one.spacing_mm or (), other.spacing_mm or (), rtol=AXIS_TOLERANCE, atol=0)
        and np.allclose(one.along_row or (), other.along_row or (), rtol=0, atol=2 * AXIS_TOLERANCE)
        and np.allclose(one.along_column or (), other.along_column or (), rtol=0, atol=2 * AXIS_TOLERANCE)
    )


def _split_repeats(headers: list[SliceHeader]) -> list[list[SliceHeader]]:
    """Split slices that cover one region several times; leave all others together."""
    try:
        build_stack(headers)
    except MissingSliceError:
        for key in REPEAT_KEYS:
            parts = _parts(headers, key)
            if _are_repeats(parts):
                return parts
    except GeometryError:
        return [headers]
    return [headers]


def _parts(headers: Sequence[SliceHeader], key: RepeatKey) -> list[list[SliceHeader]]:
    parts: dict[object, list[SliceHeader]] = defaultdict(list)
    for header in headers:
        parts[key(header)].append(header)
    return [parts[value] for value in sorted(parts, key=_sortable)]


def _sortable(value: object) -> tuple[tuple[bool, object], ...]:
    """Order numbers, texts and their tuples, with what is not given first."""
    values = value if isinstance(value, tuple) else (value,)
    return tuple((one is not None, 0 if one is None else one) for one in values)


def _are_repeats(parts: Sequence[Sequence[SliceHeader]]) -> bool:
    """Tell repeats of a region from its successive pieces.

    Repeats: no part gives a position twice, and each two cover at least half
    of the shorter one in common. Pieces must not be scored apart: half a heart
    would pass for a whole one.
    """
    heights = [np.sort([header.position_mm[2] for header in part if header.position_mm]) for part in parts]
    if len(parts) < 2 or any(len(one) < 2 or np.diff(one).min() < DUPLICATE_MM for one in heights):
        return False
    spans = [(float(one[0]), float(one[-1])) for one in heights]
    return all(
        min(a[1], b[1]) - max(a[0], b[0]) >= 0.5 * min(a[1] - a[0], b[1] - b[0])
        for number, a in enumerate(spans)
        for b in spans[number + 1 :]
    )


def _series(stack: Stack, suffix: str, notes: tuple[str, ...]) -> Series:
    middle = stack.headers[len(stack.headers) // 2]
    uid = middle.series_instance_uid or "series-without-uid"
    return Series(
        study_instance_uid=middle.study_instance_uid,
        series_instance_uid=uid,
        key=f"{uid}{suffix}",
        images=tuple(image_source(header) for header in stack.headers),
        grid=stack.grid,
        acquisition=parse_acquisition(middle.dataset),
        patient=parse_patient(middle.dataset),
        series_number=integer_of(middle.dataset, "SeriesNumber"),
        series_description=text_of(middle.dataset, "SeriesDescription"),
        frame_of_reference_uid=middle.frame_of_reference_uid,
        notes=(*notes, *stack.notes, *_weaknesses(stack)),
    )


def _weaknesses(stack: Stack) -> tuple[str, ...]:
    """Say what is usable, but worth knowing."""
    first = stack.headers[0]
    found = []
    if first.image_type[:1] == ("DERIVED",):
        found.append(f"Image Type is {chr(92).join(first.image_type)}: pixels were derived from other images")
    if any(text_of(header.dataset, "LossyImageCompression") == "01" for header in stack.headers):
        found.append("the images have been compressed with loss")
    if len({header.thickness_mm for header in stack.headers}) > 1:
        found.append("slice thickness differs between slices")
    tilt = number_of(first.dataset, "GantryDetectorTilt")
    if tilt is not None and abs(tilt) > 0.1:
        shown = "the slices' positions show none" if len(stack.headers) > 1 else "one slice can not show it"
        found.append(f"the header tells of a gantry tilt of {tilt:g} degrees; {shown}")
    return tuple(found)


def _refusal(subject: str, error: VascalError, study: str) -> Refusal:
    return Refusal(subject=subject, code=error.code, message=str(error), study_instance_uid=study)
