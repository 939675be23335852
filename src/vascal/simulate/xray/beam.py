"""Where a point of the patient falls on the film: a cone of rays from one focus."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

Points = Float[np.ndarray, "point 3"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Beam:
    """Focus, film and the patient between them.

    Parameters
    ----------
    focus_mm
        Distance from the focus to the midline of the patient, mm.
    detector_mm
        Distance from the midline to the detector, mm.
    shape
        Rows and columns of the film.
    pixel_mm
        Side of a pixel of the detector, mm.
    centre_mm
        x and y of the ray that meets the middle of the film at a right angle, mm.
    """

    focus_mm: float
    detector_mm: float
    shape: tuple[int, int]
    pixel_mm: float
    centre_mm: tuple[float, float]

    @property
    def magnification(self) -> float:
        """How much larger the midline of the patient appears on the detector."""
        return (self.focus_mm + self.detector_mm) / self.focus_mm

    @property
    def midline_pixel_mm(self) -> float:
        """Side of a pixel, seen back in the midline of the patient, mm."""
        return self.pixel_mm / self.magnification

    def project(self, points: Points) -> Float[np.ndarray, "point 2"]:
        """Give row and column where points of the patient fall.

        Parameters
        ----------
        points
            (point, 3): x, y, z in mm.
        """
        scale = self.focus_mm / (self.focus_mm + points[:, 2]) / self.midline_pixel_mm
        rows, columns = self.shape
        column = (points[:, 0] - self.centre_mm[0]) * scale + (columns - 1) / 2
        row = (points[:, 1] - self.centre_mm[1]) * scale + (rows - 1) / 2
        return np.stack([row, column], axis=1)

    def midline_axes(self) -> tuple[Float[np.ndarray, " row"], Float[np.ndarray, " column"]]:
        """Give y of each row and x of each column in the midline of the patient, mm."""
        rows, columns = self.shape
        y = self.centre_mm[1] + (np.arange(rows) - (rows - 1) / 2) * self.midline_pixel_mm
        x = self.centre_mm[0] + (np.arange(columns) - (columns - 1) / 2) * self.midline_pixel_mm
        return y, x

    def geometry(self) -> Float[np.ndarray, " 6"]:
        """Give what compiled loops need: focus distance, pixel, centre x and y, middle row and column."""
        rows, columns = self.shape
        return np.array(
            [self.focus_mm, self.midline_pixel_mm, *self.centre_mm, (rows - 1) / 2, (columns - 1) / 2], dtype=np.float64
        )
