"""What in an image spoke for coronary calcium."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Saliency:
    """One candidate's patch through the network's eyes, in the slice that shows most of it.

    Parameters
    ----------
    hu
        (row, column): CT numbers at 1.5 mm, front up and the patient's right on the left, HU.
    mask
        (row, column): the candidate itself.
    heat
        (row, column): how much a place spoke for coronary calcium, 0 to 1 over the whole patch; all 0
        where nothing did.
    """

    hu: Float32[np.ndarray, "row column"]
    mask: Float32[np.ndarray, "row column"]
    heat: Float32[np.ndarray, "row column"]
