"""The eight wall-levels of AAC-24, and how a calcified fraction becomes a grade.

The aorta's anterior and posterior wall are graded in front of each of L1 to L4; a
level reaches from the middle of the disc space above to the middle of the one below.
Source: Kauppila et al., Atherosclerosis 1997;132:245-250.
"""

from __future__ import annotations

from typing import Literal

from vascal.errors import EvaluationError

Level = Literal["L1", "L2", "L3", "L4"]
Wall = Literal["anterior", "posterior"]
Grade = Literal[0, 1, 2, 3]
LEVELS: tuple[Level, ...] = ("L1", "L2", "L3", "L4")
WALLS: tuple[Wall, ...] = ("anterior", "posterior")
WALL_LEVELS: tuple[tuple[Level, Wall], ...] = tuple((level, wall) for level in LEVELS for wall in WALLS)
"""The order of everything that has eight values: L1 anterior, L1 posterior, L2 anterior ..."""
THIRDS = (1 / 3, 2 / 3)
"""Up to the first, grade 1; up to the second, grade 2; above it, grade 3."""
_ROUNDING = 1e-9


def grade_fraction(fraction: float) -> Grade:
    """Grade one wall of one level by the length of it that is calcified.

    Parameters
    ----------
    fraction
        Calcified share of the wall's length in this level, 0 to 1.

    Returns
    -------
    int
        0 none, 1 up to a third, 2 up to two thirds, 3 more.

    Raises
    ------
    EvaluationError
        If the fraction is not a number from 0 to 1.

    Notes
    -----
    Exactly a third is grade 1 and exactly two thirds is grade 2. Publications differ in
    the words ("less than 1/3" and "1/3 or less"); a length that is measured never meets them.

    References
    ----------
    Kauppila et al., Atherosclerosis 1997;132:245-250, doi 10.1016/S0021-9150(97)00106-8.

    Examples
    --------
    >>> [grade_fraction(share) for share in (0.0, 0.01, 1 / 3, 0.34, 2 / 3, 0.67, 1.0)]
    [0, 1, 1, 2, 2, 3, 3]
    """
    if not 0 <= fraction <= 1:
        raise EvaluationError(f"a calcified share lies between 0 and 1; found {fraction}")
    if fraction == 0:
        return 0
    first, second = THIRDS
    if fraction <= first + _ROUNDING:
        return 1
    return 2 if fraction <= second + _ROUNDING else 3
