"""Names and dates drawn into the pixels: which files may hold them, and how they are blackened."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from jaxtyping import Shaped
from pydicom.dataset import Dataset

from vascal.io.deid.drawn_text import Pixels, TextLine

Verdict = Literal["clear", "suspect", "burned"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BurnedIn:
    """What header and pixels say of annotation in the picture.

    Parameters
    ----------
    verdict
        burned: the file says so, or text was found. suspect: a kind of image that often holds text, or one that can
        not be looked at. clear: neither.
    reasons
        Why, in plain words; they hold no value of the patient.
    """

    verdict: Verdict
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MaskedPixels:
    """Pixels with what was blackened in them.

    Parameters
    ----------
    pixels
        (row, column), a copy.
    lines
        Lines of text that were covered.
    bands
        Rows or columns blackened at the top, bottom, left and right.
    """

    pixels: Shaped[np.ndarray, "row column"] = field(repr=False)
    lines: tuple[TextLine, ...]
    bands: tuple[int, int, int, int]


def judge_burned_in(dataset: Dataset) -> BurnedIn:
    """Judge whether text is drawn into a file's pixels, by its header and by looking."""
    raise NotImplementedError


def mask_borders(pixels: Pixels, *, fill: int, share: float = 0.0) -> MaskedPixels:
    """Blacken collimated borders and lines of drawn text in one picture."""
    raise NotImplementedError


def mask_text(dataset: Dataset, *, is_reviewed: bool = False) -> tuple[str, ...]:
    """Blacken text in all frames of a dataset, in place; give what was done, in plain words.

    Pixels are written uncompressed, explicit VR little endian. Burned In Annotation becomes NO only if
    `is_reviewed`: a person looked at the result. Else it is removed, or stays YES where the class needs a value.
    """
    raise NotImplementedError
