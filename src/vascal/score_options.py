"""Everything a user may choose about scoring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vascal.calcium.calibration_table import CalibrationTable
from vascal.calcium.mass import Calibration, Rod
from vascal.calcium.single_slice import SingleSlice
from vascal.models.finder import FinderName


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreOptions:
    """Everything a user may choose.

    Parameters
    ----------
    rule
        Named rule, or None to let the tube voltage decide.
    kvp, is_gated, slice_thickness_mm
        Acquisition facts that replace what the header says.
    threshold_hu, min_area_mm2, min_pixels
        Numbers that replace the rule's; the report says so.
    labels
        NIfTI or DICOM SEG with the vessels; then nothing is searched.
    label_names
        What the label values mean; LM, LAD, LCX, RCA for 1 to 4 unless given.
    calibration
        Mass calibration: a factor, a table by scanner, or a water and a calcium
        rod in the image. None assumes 100 mg/cm3 at 130 HU.
    compensate
        Whether to bring the score towards 120 kVp, 3 mm and a medium kernel; see
        `vascal.calcium.compensation`. Fitted on simulated scans: opt-in, and reports say so.
    finder
        ``learned`` (networks trained on simulated scans) or ``rules``.
    model
        Folder with other networks than the embedded ones.
    single_slice
        Whether axial slices that stand alone are read and measured; never quotable.
    """

    rule: str | None = None
    kvp: float | None = None
    is_gated: bool | None = None
    slice_thickness_mm: float | None = None
    threshold_hu: float | None = None
    min_area_mm2: float | None = None
    min_pixels: int | None = None
    labels: Path | None = None
    label_names: Mapping[int, str] | None = None
    calibration: Calibration | CalibrationTable | tuple[Rod, Rod] | None = None
    compensate: bool | None = None
    finder: FinderName | None = None
    model: Path | None = None
    single_slice: bool | None = None

    @property
    def reads_single(self) -> SingleSlice | None:
        """How a slice that stands alone is read; None where it is refused."""
        return SingleSlice(thickness_mm=self.slice_thickness_mm) if self.single_slice else None

    def as_text(self) -> tuple[tuple[str, str], ...]:
        """List the options that were set, for provenance; a label file by its name only."""
        chosen = {name: getattr(self, name) for name in self.__slots__}
        return tuple(
            (name, value.name if isinstance(value, Path) else _plain(value))
            for name, value in sorted(chosen.items())
            if value is not None
        )


def _plain(value: object) -> str:
    return repr(dict(value)) if isinstance(value, Mapping) else str(value)
