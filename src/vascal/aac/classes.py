"""What an AAC-24 total is called: three published class schemes, side by side.

There is no one agreed scheme. Each is a frozen value with its source, and a result
names all three, so that it can be laid beside any of the cohorts.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from vascal.errors import EvaluationError

MOST_AAC24 = 24
"""Eight wall-levels of up to 3 points."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassScheme:
    """One way to divide the totals 0 to 24.

    Parameters
    ----------
    name
        Stable short name for programs.
    classes
        What the classes are called, from the least calcified.
    lowest
        Lowest total of each class; the first is 0.
    source
        Where it was published.
    """

    name: str
    classes: tuple[str, ...]
    lowest: tuple[int, ...]
    source: str

    @property
    def spans(self) -> tuple[tuple[int, int], ...]:
        """Lowest and highest total of each class."""
        return tuple((low, above - 1) for low, above in pairwise((*self.lowest, MOST_AAC24 + 1)))

    def span_text(self, name: str) -> str:
        """Write the totals of a class.

        Examples
        --------
        >>> KIDNEY.span_text("moderate")
        '5-15'
        """
        low, high = self.spans[self.classes.index(name)]
        return f"{low}-{high}"


KIDNEY = ClassScheme(
    name="kidney-thirds",
    classes=("none or mild", "moderate", "severe"),
    lowest=(0, 5, 16),
    source="Verbeke et al. (CORD), Clin J Am Soc Nephrol 2011;6:153-159, doi 10.2215/CJN.05120610; "
    "Shao et al., Front Cardiovasc Med 2025;12:1647882, doi 10.3389/fcvm.2025.1647882",
)
POPULATION = ClassScheme(
    name="population",
    classes=("low", "moderate", "high"),
    lowest=(0, 2, 6),
    source="Sim et al. (UK Biobank), JACC Adv 2026, doi 10.1016/j.jacadv.2025.102570; "
    "cut points of the bone densitometry cohorts",
)
MASTERPLAN = ClassScheme(
    name="masterplan",
    classes=("below 4", "4 or more"),
    lowest=(0, 4),
    source="Peeters et al. (MASTERPLAN), J Nephrol 2017;30:109-118, doi 10.1007/s40620-015-0260-7",
)
SCHEMES: tuple[ClassScheme, ...] = (KIDNEY, POPULATION, MASTERPLAN)
"""In the order in which they are reported; the first is the one of the method this grading follows."""


def find_class(aac24: int, scheme: ClassScheme = KIDNEY) -> str:
    """Name the class of a total.

    Parameters
    ----------
    aac24
        Total, 0 to 24.
    scheme
        Whose classes.

    Raises
    ------
    EvaluationError
        If there is no such total.

    Examples
    --------
    >>> find_class(4), find_class(5), find_class(15), find_class(16)
    ('none or mild', 'moderate', 'moderate', 'severe')
    """
    if not 0 <= aac24 <= MOST_AAC24:
        raise EvaluationError(f"an AAC-24 total of {aac24}; needed: 0 to {MOST_AAC24}")
    return next(name for name, (low, high) in zip(scheme.classes, scheme.spans, strict=True) if low <= aac24 <= high)


def find_classes(aac24: int) -> dict[str, str]:
    """Name the class of a total in every scheme, by the scheme's name."""
    return {scheme.name: find_class(aac24, scheme) for scheme in SCHEMES}
