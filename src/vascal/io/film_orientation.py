r"""Turn a film so that the head is up, where its header says which way that is.

Patient Orientation names the body's direction along the rows and along the columns:
``A\F`` is a patient who looks to the right and stands upright.
Source: DICOM PS3.3, C.7.6.1.1.1.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32

TURNS: dict[tuple[str, str], int] = {
    ("A", "F"): 0, ("P", "F"): 0, ("A", "H"): 2, ("P", "H"): 2,
    ("F", "A"): -1, ("F", "P"): -1, ("H", "A"): 1, ("H", "P"): 1,
}  # fmt: skip
"""Quarter turns against the clock that bring the feet down. Turns never mirror, so lettering stays legible."""
OPPOSITE = {"A": "P", "P": "A"}

Picture = Float32[np.ndarray, "row column"]
Turned = Float32[np.ndarray, "turned_row turned_column"]


def turn_upright(
    pixels: Picture, spacing_mm: tuple[float, float], orientation: tuple[str, ...]
) -> tuple[Turned, tuple[float, float], tuple[str, ...]]:
    """Turn a lateral film by quarter turns until the feet are down.

    Parameters
    ----------
    pixels
        (row, column).
    spacing_mm
        Between rows and between columns.
    orientation
        Patient Orientation; the first letter of each direction counts (``AF`` is ``A``).

    Returns
    -------
    tuple
        Pixels, spacing, and the orientation that is true of them. Unchanged where the
        orientation is not given or is not that of a lateral film.

    Examples
    --------
    >>> import numpy as np
    >>> film = np.array([[0.0, 0.5, 1.0]], dtype=np.float32)
    >>> turned, spacing, orientation = turn_upright(film, (0.1, 0.2), ("F", "A"))
    >>> turned.shape, spacing, orientation
    ((3, 1), (0.2, 0.1), ('P', 'F'))
    """
    letters = tuple(one[:1].upper() for one in orientation)
    turns = TURNS.get((letters[0], letters[1])) if len(letters) == 2 else None
    if not turns:
        return pixels, spacing_mm, orientation
    turned = np.ascontiguousarray(np.rot90(pixels, turns))
    return turned, spacing_mm if turns == 2 else spacing_mm[::-1], (_facing(letters[0], letters[1], turns), "F")


def _facing(along_row: str, along_column: str, turns: int) -> str:
    """Give the body's direction along the rows after a turn."""
    if turns == 2:
        return OPPOSITE[along_row]
    return along_column if turns == 1 else OPPOSITE[along_column]
