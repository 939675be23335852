"""The numbers by which images are found in a viewer: Instance Numbers, or frames of a multi-frame image."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from vascal.study import Series


def number_images(series: Series) -> tuple[int, ...]:
    """Number the slices of a series as viewers do, in the order of its slices.

    Parameters
    ----------
    series
        Its slices go from the feet to the head.

    Returns
    -------
    tuple
        Frames counted from 1 where the slices are frames, otherwise Instance Numbers. Nothing where
        a slice has none or two have the same, as a number must lead to one image, and for files that are no DICOM.
    """
    if series.source_format != "dicom":
        return ()
    given = (image.instance_number if image.frame is None else image.frame + 1 for image in series.images)
    known = tuple(number for number in given if number is not None)
    return known if len(set(known)) == len(series.images) else ()


def show_span(slices: tuple[int, int], numbers: Sequence[int]) -> str:
    """Write from which image to which something reaches.

    Parameters
    ----------
    slices
        First and last slice, from 0.
    numbers
        From `number_images`; without them slices are counted from 1 at the feet.

    Examples
    --------
    >>> show_span((2, 2), ()), show_span((0, 1), (46, 45, 44)), show_span((0, 2), (5, 9, 7))
    ('3', '45–46', '5, 7, 9')
    """
    first, last = slices
    here = list(numbers[first : last + 1]) if numbers else [first + 1, last + 1]
    climbing = [two > one for one, two in pairwise(here)]
    if all(climbing) or not any(climbing):  # what lies between two numbers is theirs only if order is kept
        here = [min(here), max(here)]
    return ("–" if len(here) == 2 else ", ").join(map(str, sorted(set(here))))
