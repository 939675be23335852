"""What the images of a patient say, as far as risk needs it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from vascal.errors import OutOfRangeError


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFacts:
    """Scores of one patient. None means not measured, never zero.

    Parameters
    ----------
    agatston
        Total, Agatston units: up to 50000, or any where it must not be quoted, as metal adds without end.
    interval
        What the total may be instead, 95 %.
    vessels_with_calcium
        How many of LM, LAD, LCX and RCA; None where only the total is known.
    is_gated
        Whether the CT was ECG-gated; None where nothing says so.
    aac24
        Kauppila total of a lateral film, 0 to 24.
    is_quotable
        False where the scores must not be quoted, and so mean nothing for a patient.

    Raises
    ------
    OutOfRangeError
        For scores that do not exist.
    """

    agatston: float | None = None
    interval: tuple[float, float] | None = None
    vessels_with_calcium: int | None = None
    is_gated: bool | None = None
    aac24: int | None = None
    is_quotable: bool = True

    def __post_init__(self) -> None:
        for name, value, high in (("Agatston score", self.agatston, 50000), ("AAC-24 total", self.aac24, 24)):
            if value is None or (0 <= value <= high) or (not self.is_quotable and 0 <= value < math.inf):
                continue
            needed = f"0 to {high}" if self.is_quotable else "0 or more"
            raise OutOfRangeError(f"an {name} of {value:g}; needed: {needed}")
