"""How large a pixel of a film is, and how far that can be believed.

A detector's own spacing shows the patient enlarged by the distance between patient and
detector; only a calibration with something of known size corrects that. AAC-24 needs no
length: its grades are shares of a wall.
Source: DICOM PS3.3, 10.7.1.3 (Pixel Spacing), C.8.11.4 (Imager Pixel Spacing), C.8.6.1 (Nominal Scanned Pixel Spacing).
"""

from __future__ import annotations

from dataclasses import dataclass

from pydicom.dataset import Dataset

from vascal.errors import InputError
from vascal.io.dicom_values import numbers_of, text_of
from vascal.radiograph import SpacingSource

PLAUSIBLE_MM = (0.02, 2.0)
"""Finer than any detector; coarser than any densitometer."""
PLAUSIBLE_PRINT_MM = (0.05, 0.6)
SCREEN_DPI = (72, 96)
"""What software writes when it knows nothing."""
ASSUMED_HEIGHT_MM = 400.0
SAME = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Spacing:
    """Distances between rows and between columns, mm; where they come from; what a reader should know."""

    mm: tuple[float, float]
    source: SpacingSource
    notes: tuple[str, ...] = ()


def film_spacing(dataset: Dataset, rows: int, stated_mm: float | None = None) -> Spacing:
    """Find the spacing of a DICOM film.

    Parameters
    ----------
    dataset
        Its header.
    rows
        Of the image.
    stated_mm
        Between columns, as the user says; it outweighs the header.

    Returns
    -------
    Spacing
        From what the user says, Pixel Spacing, Imager Pixel Spacing, Nominal Scanned
        Pixel Spacing, or else assumed.

    Notes
    -----
    Pixel Spacing that repeats Imager Pixel Spacing without a calibration type is the
    detector's own. Without any spacing, the film is assumed to be 400 mm high: one that shows T12
    to S1 is at least 250 mm high and no single detector is higher than 430 mm, so the guess is
    wrong by a factor of 1.6 at most. It is labelled ``assumed``.
    """
    found = _from_header(dataset)
    if stated_mm is not None:
        return _stated(stated_mm, found, _aspect(dataset))
    if found is not None:
        return found
    guess = min(max(ASSUMED_HEIGHT_MM / rows, 0.1), 1.0)
    note = f"the file gives no pixel spacing; {guess:.3g} mm is assumed, as on a film {ASSUMED_HEIGHT_MM:g} mm high"
    return Spacing(mm=(guess, guess / _aspect(dataset)), source="assumed", notes=(note,))


def _from_header(dataset: Dataset) -> Spacing | None:
    patient, imager = _pair(dataset, "PixelSpacing"), _pair(dataset, "ImagerPixelSpacing")
    if patient is not None and (imager is None or _is_calibrated(dataset, patient, imager)):
        silent = imager is None and not text_of(dataset, "PixelSpacingCalibrationType")
        note = "Pixel Spacing does not say whether it is corrected for magnification"
        return Spacing(mm=patient, source="pixel-spacing", notes=(note,) if silent else ())
    note = "lengths are on the detector: the patient is smaller, by the magnification"
    if imager is not None:
        return Spacing(mm=imager, source="imager-pixel-spacing", notes=(note,))
    nominal = _pair(dataset, "NominalScannedPixelSpacing")
    return (
        None if nominal is None else Spacing(mm=nominal, source="nominal", notes=("lengths are on the scanned film",))
    )


def _is_calibrated(dataset: Dataset, patient: tuple[float, float], imager: tuple[float, float]) -> bool:
    kind = text_of(dataset, "PixelSpacingCalibrationType").upper()
    return kind in ("GEOMETRY", "FIDUCIAL") or any(
        abs(one / other - 1) > SAME for one, other in zip(patient, imager, strict=True)
    )


def _pair(dataset: Dataset, keyword: str) -> tuple[float, float] | None:
    values = numbers_of(dataset, keyword, 2)
    low, high = PLAUSIBLE_MM
    if values is None or not all(low <= one <= high for one in values):
        return None
    return (values[0], values[1])


def _aspect(dataset: Dataset) -> float:
    """Give the height of a pixel over its width."""
    spacing = _pair(dataset, "PixelSpacing") or _pair(dataset, "ImagerPixelSpacing")
    ratio = spacing or numbers_of(dataset, "PixelAspectRatio", 2)
    if ratio is None or min(ratio) <= 0 or not 0.2 <= ratio[0] / ratio[1] <= 5:
        return 1.0
    return ratio[0] / ratio[1]


def _stated(stated_mm: float, found: Spacing | None, aspect: float) -> Spacing:
    require_stated(stated_mm)
    notes: tuple[str, ...] = ()
    if found is not None and abs(found.mm[1] / stated_mm - 1) > 0.05:
        notes = (f"a spacing of {stated_mm:g} mm is stated; the file says {found.mm[1]:.4g} mm ({found.source})",)
    return Spacing(mm=(stated_mm * aspect, stated_mm), source="stated", notes=notes)


def require_stated(stated_mm: float) -> None:
    """Refuse a stated spacing that no film has.

    Raises
    ------
    InputError
        If it is not between 0.02 and 2 mm.
    """
    low, high = PLAUSIBLE_MM
    if not low <= stated_mm <= high:
        raise InputError(f"a pixel spacing of {stated_mm:g} mm is stated; needed: {low:g} to {high:g} mm")


def plain_spacing(dpi: tuple[float, float] | None, stated_mm: float | None = None) -> Spacing:
    """Find the spacing of a picture file.

    Parameters
    ----------
    dpi
        Dots an inch across and down, as the file says; None if it does not.
    stated_mm
        As the user says.

    Raises
    ------
    InputError
        If neither gives one that a film can have. 72 and 96 dots an inch say nothing: software writes them unasked.
    """
    if stated_mm is not None:
        require_stated(stated_mm)
        return Spacing(mm=(stated_mm, stated_mm), source="stated")
    low, high = PLAUSIBLE_PRINT_MM
    if dpi is None or min(dpi) <= 0 or any(round(one) in SCREEN_DPI for one in dpi):
        raise InputError("a picture without pixel spacing; state it in mm with --pixel-spacing")
    across, down = 25.4 / dpi[0], 25.4 / dpi[1]
    if not (low <= across <= high and low <= down <= high):
        raise InputError(
            f"the picture's resolution would make pixels of {across:.3g} mm, not between {low:g} and {high:g}; "
            "state their size in mm with --pixel-spacing"
        )
    note = f"pixels of {across:.3g} mm, by the resolution that the picture file gives"
    return Spacing(mm=(down, across), source="nominal", notes=(note,))
